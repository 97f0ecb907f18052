import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGitServer } from '../../heroku/support/git-server.ts'
import { answerOf, slugOf } from './api.ts'
import { LocalApp } from './app.ts'
import { createEventLog, type EventLog } from './events.ts'

/** Heroku's own figure: https://devcenter.heroku.com/articles/dynos#shutdown */
const KILL_AFTER_MS = 30_000

/** Heroku on this machine: git over HTTP that builds and releases, the Platform API, and dynos that are local processes. */
export interface LocalHeroku extends AsyncDisposable {
  readonly apiUrl: string
  readonly gitUrl: string
  readonly apiKey: string
  readonly log: EventLog
  /** the folder with the apps' bare repositories */
  readonly repositories: string
  createApp(
    name: string,
    given: { configVars?: Readonly<Record<string, string>>; formation?: Readonly<Record<string, number>> },
  ): LocalApp
}

/** @param options `killAfterMs`: from SIGTERM to SIGKILL; `nodePath`: what dynos find as `node` */
export async function startHeroku(
  options: { apiKey?: string; killAfterMs?: number; nodePath?: string } = {},
): Promise<LocalHeroku> {
  const {
    apiKey = 'HRKU-of-the-local-heroku',
    killAfterMs = KILL_AFTER_MS,
    nodePath = process.execPath,
  } = options
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'local-heroku-')))
  const repositories = join(folder, 'git')
  mkdirSync(repositories)
  const git = await startGitServer(repositories, apiKey)
  const log = createEventLog()
  const apps = new Map<string, LocalApp>()
  const builds = new Set<Promise<void>>()

  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url?.startsWith('/hooks/')) {
      const work = answerHook(request, response).catch((error: Error) => {
        response.end(` !     ${error.message}\n\0exit 1\n`)
      })
      builds.add(work)
      work.then(() => builds.delete(work))
    } else answerApi(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function answerHook(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, , name = '', hook] = request.url?.split('/') ?? []
    const app = apps.get(name)
    let body = ''
    for await (const piece of request.setEncoding('utf8')) body += piece
    const { pushed, objects } = JSON.parse(body) as { pushed: string; objects: Record<string, string> }
    const [, commit = '', ref = ''] = pushed.split('\n')[0]?.split(' ') ?? []
    const say = (line: string) => void response.write(`${line}\n`)
    if (!app || !/^refs\/heads\/(main|master)$/.test(ref)) {
      response.end(` !     Pushed to ${ref}, which deploys nothing.\n`)
      return
    }
    if (hook === 'build') {
      const built = await app.build(commit, objects, say)
      response.end(`\0exit ${built ? 0 : 1}\n`)
      return
    }
    await app.release(commit, say)
    response.end()
  }

  function answerApi(request: IncomingMessage, response: ServerResponse): void {
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    if (request.headers.authorization !== `Bearer ${apiKey}`) {
      return void send(401, { id: 'unauthorized', message: 'Invalid credentials provided.' })
    }
    const path = (request.url ?? '').split('?')[0] ?? ''
    const [, kind, name = ''] = path.split('/')
    const app = apps.get(decodeURIComponent(name))
    const body =
      kind === 'slugs'
        ? [...apps.values()].flatMap((one) => slugOf(one, name) ?? [])[0]
        : kind === 'apps' && app && answerOf(app, path)
    if (!body) return void send(404, { id: 'not_found', message: "Couldn't find that app." })
    send(200, body)
  }

  return {
    apiUrl: url,
    gitUrl: git.url,
    apiKey,
    log,
    repositories,
    createApp(name, { configVars = {}, formation = {} }) {
      const { path: repository } = git.app(name)
      const hook = join(import.meta.dirname, 'hook.mjs')
      git.hook(name, 'pre-receive', `exec '${nodePath}' '${hook}' ${url}/hooks/${name}/build`)
      git.hook(name, 'post-receive', `exec '${nodePath}' '${hook}' ${url}/hooks/${name}/release`)
      const slugs = join(folder, 'slugs', name)
      mkdirSync(slugs, { recursive: true })
      const app = new LocalApp({
        name,
        configVars: new Map(Object.entries(configVars)),
        formation: new Map(Object.entries(formation)),
        log,
        killAfterMs,
        nodePath,
        repository,
        folder: slugs,
      })
      apps.set(name, app)
      return app
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await git.close()
      await Promise.all(builds)
      await Promise.all([...apps.values()].map(({ dynos }) => dynos.end()))
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
