import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createPhaseOutputs } from '../phase-output.ts'
import type { Pipelines } from '../pipelines.ts'
import { OUT_OF_SCOPE, type Tokens } from '../tokens.ts'
import { accountEndpoints } from './account.ts'
import { type Answer, refusal } from './answer.ts'
import { appEndpoints } from './apps.ts'
import { dynoEndpoints } from './dynos.ts'
import { type Apps, type Body, type Endpoint, match } from './endpoint.ts'
import { pipelineEndpoints } from './pipelines.ts'
import { releaseEndpoints } from './releases.ts'

/** A failure of the Platform API that a test arranges. */
export interface ApiFailure {
  /** `/apps/shop/releases`, without a query; a pattern where an id stands in it */
  readonly path: string | RegExp
  /** any method unless told */
  readonly method?: Endpoint['method']
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** how many requests get it; 1 unless told */
  readonly times?: number
  /** What was asked for is done all the same: the answer is lost. */
  readonly done?: boolean
}

/** The part of the Platform API, version 3, that a deploy needs (https://devcenter.heroku.com/articles/platform-api-reference). */
export interface PlatformApi {
  readonly url: string
  nextFailure(failure: ApiFailure): void
  close(): Promise<void>
}

const ARRANGED = { id: 'arranged', message: 'Arranged by the test.' }

export async function startPlatformApi(place: {
  readonly tokens: Tokens
  readonly apps: Apps
  readonly pipelines: Pipelines
  readonly gitUrl: string
}): Promise<PlatformApi> {
  const { tokens, apps, pipelines, gitUrl } = place
  const outputs = createPhaseOutputs(() =>
    [...apps.values()].flatMap(({ releases }) => releases.all.flatMap(({ output }) => output ?? [])),
  )
  const endpoints = [
    ...accountEndpoints,
    ...appEndpoints(apps, gitUrl),
    ...releaseEndpoints(apps, () => url + outputs.path),
    ...dynoEndpoints(apps),
    ...pipelineEndpoints(apps, pipelines, gitUrl),
  ]
  const failures: { failure: ApiFailure; left: number }[] = []

  function arranged(method: string, path: string): ApiFailure | undefined {
    const found = failures.find(
      ({ failure, left }) =>
        left > 0 &&
        (typeof failure.path === 'string' ? failure.path === path : failure.path.test(path)) &&
        (failure.method ?? method) === method,
    )
    if (found) found.left--
    return found?.failure
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { method = 'GET' } = request
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    const failure = arranged(method, path)
    if (failure === undefined) return judge(request, method, path)
    if (failure.done) await judge(request, method, path)
    const { status, body = ARRANGED, headers = {} } = failure
    return { status, body, headers }
  }

  async function judge(request: IncomingMessage, method: string, path: string): Promise<Answer> {
    const { accept, authorization, range } = request.headers
    if (!/application\/vnd\.heroku\+json; *version=3/.test(accept ?? '')) {
      const mime = '`Accept: application/vnd.heroku+json; version=3`'
      const message = `Please specify a version along with Heroku's API MIME type. For example, ${mime}.`
      return refusal(400, 'missing_version', message)
    }
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
    if (tokens.judge(token, 'identity') === 'unknown') {
      return refusal(401, 'unauthorized', 'Invalid credentials provided.')
    }
    const there = endpoints.flatMap((endpoint) => {
      const parameters = match(endpoint.path, path)
      return parameters ? [{ endpoint, parameters }] : []
    })
    const asked = there.find(({ endpoint }) => endpoint.method === method)
    if (there.length === 0) return refusal(404, 'not_found', 'The requested API endpoint was not found.')
    if (!asked) return refusal(405, 'method_not_allowed', 'Method not allowed.')
    const { endpoint, parameters } = asked
    const scope = endpoint.scope ?? (method === 'GET' ? 'read' : 'write')
    if (tokens.judge(token, scope) !== 'allowed') return refusal(403, 'forbidden', OUT_OF_SCOPE)
    const body = parse(await text(request))
    if (!body) return refusal(400, 'bad_request', 'Unable to parse the JSON in request body.')
    return endpoint.answer({ parameters, range: String(range ?? ''), body })
  }

  const server = createServer(async (request, response) => {
    if (request.url?.startsWith(outputs.path)) return outputs.serve(request, response)
    // A client that leaves in the middle of its question, for example: nobody hears the answer.
    const { status, body, headers } = await answer(request).catch((error: unknown) =>
      refusal(500, 'internal_server_error', String(error)),
    )
    response.writeHead(status, {
      'Content-Type': 'application/json;charset=utf-8',
      'Request-Id': randomUUID(),
      ...headers,
    })
    response.end(JSON.stringify(body))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    nextFailure: (failure) => void failures.push({ failure, left: failure.times ?? 1 }),
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function parse(text: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(text || '{}')
    return value !== null && typeof value === 'object' ? (value as Body) : undefined
  } catch {
    return undefined
  }
}
