import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { appBody, buildBody, dynoBody, formationBody, releaseBody, slugBody } from './api-bodies.ts'
import type { ApiFailure, LocalApp } from './app.ts'
import type { Slug } from './slug.ts'

/** The part of the Platform API, version 3, that a deploy needs (https://devcenter.heroku.com/articles/platform-api-reference). */
export interface PlatformApi {
  readonly url: string
  nextFailure(failure: ApiFailure): void
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const ok = (body: unknown): Answer => ({ status: 200, body })
const refusal = (status: number, id: string, message: string): Answer => ({ status, body: { id, message } })
const notFound = (what: string) => refusal(404, 'not_found', `Couldn't find that ${what}.`)

export async function startPlatformApi(place: {
  readonly apiKey: string
  readonly apps: ReadonlyMap<string, LocalApp>
  readonly gitUrl: string
}): Promise<PlatformApi> {
  const { apiKey, apps, gitUrl } = place
  const failures: { failure: ApiFailure; left: number }[] = []

  async function answer(request: IncomingMessage): Promise<Answer> {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    const arranged = failures.find(({ failure, left }) => failure.path === path && left > 0)
    if (arranged) {
      arranged.left--
      const {
        status,
        body = { id: 'arranged', message: 'Arranged by the test.' },
        headers = {},
      } = arranged.failure
      return { status, body, headers }
    }
    const { accept, authorization, range } = request.headers
    if (!/application\/vnd\.heroku\+json; *version=3/.test(accept ?? '')) {
      const mime = '`Accept: application/vnd.heroku+json; version=3`'
      const message = `Please specify a version along with Heroku's API MIME type. For example, ${mime}.`
      return refusal(400, 'missing_version', message)
    }
    if (authorization !== `Bearer ${apiKey}`) {
      return refusal(401, 'unauthorized', 'Invalid credentials provided.')
    }
    const [kind, name = '', part, id, ...rest] = path.slice(1).split('/')
    if (kind === 'slugs' && part === undefined) return slugAnswer([...apps.values()].flatMap(slugsOf), name)
    const app = apps.get(name)
    if (kind !== 'apps' || rest.length > 0)
      return refusal(404, 'not_found', 'The requested API endpoint was not found.')
    if (!app) return notFound('app')
    if (request.method === 'POST' && part === 'releases' && id === undefined) {
      return makeRelease(app, JSON.parse((await text(request)) || '{}'))
    }
    if (request.method !== 'GET') return refusal(405, 'method_not_allowed', 'Method not allowed.')
    return read(app, part, id, String(range ?? ''))
  }

  function read(app: LocalApp, part: string | undefined, id: string | undefined, range: string): Answer {
    if (part === undefined) return ok(appBody(app, gitUrl))
    if (part === 'releases' && id !== undefined) {
      const shown = app.releases
        .read()
        .find(({ release }) => [release.id, String(release.version)].includes(id))
      return shown ? ok(releaseBody(app, shown)) : notFound('release')
    }
    if (part === 'slugs' && id !== undefined) return slugAnswer(slugsOf(app), id)
    if (id !== undefined) return refusal(404, 'not_found', 'The requested API endpoint was not found.')
    if (part === 'config-vars') return ok(Object.fromEntries(app.configVars))
    if (part === 'formation') return ok(formationBody(app))
    if (part === 'dynos') return ok(app.dynos.current.map((dyno) => dynoBody(app, dyno)))
    if (part === 'releases') {
      const shown = app.releases.read().toReversed()
      return ranged(
        shown.map((release) => releaseBody(app, release)),
        range,
      )
    }
    if (part === 'builds') {
      return ranged(
        app.builds.all.map((build) => buildBody(app, build)),
        range,
      )
    }
    return refusal(404, 'not_found', 'The requested API endpoint was not found.')
  }

  const server = createServer(async (request, response) => {
    const { status, body, headers } = await answer(request)
    response.writeHead(status, {
      'Content-Type': 'application/json;charset=utf-8',
      'Request-Id': randomUUID(),
      ...headers,
    })
    response.end(JSON.stringify(body))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    nextFailure: (failure) => void failures.push({ failure, left: failure.times ?? 1 }),
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** How a rollback is made too. With a release phase the answer is a pending release, and the phase goes on. */
function makeRelease(
  app: LocalApp,
  { slug: id, description }: { slug?: string; description?: string },
): Answer {
  const slug = slugsOf(app).find((one) => one.id === id)
  if (!slug) return notFound('slug')
  const { release, phase } = app.releaser.release(description ?? `Deploy ${slug.commit.slice(0, 8)}`, slug)
  phase?.(() => {})
  const current = app.releases.current === release
  return { status: 201, body: releaseBody(app, { release, status: release.status, current }) }
}

const slugsOf = (app: LocalApp): Slug[] => app.builds.all.flatMap(({ slug }) => slug ?? [])

function slugAnswer(slugs: readonly Slug[], id: string): Answer {
  const slug = slugs.find((one) => one.id === id)
  return slug ? ok(slugBody(slug)) : notFound('slug')
}

/**
 * `Range: version ..; order=desc,max=10`, of which the order and the number are heard. 206 when there would be more.
 * @param list in ascending order
 */
function ranged(list: readonly unknown[], range: string): Answer {
  const max = Number(/\bmax=(\d+)/.exec(range)?.[1] ?? 200)
  const ordered = /\border=desc\b/.test(range) ? list.toReversed() : list
  return { status: ordered.length > max ? 206 : 200, body: ordered.slice(0, max) }
}
