import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { signalGroup } from '../../../src/process/signal-group.ts'
import { forward } from '../cgi.ts'
import type { LocalApp } from './app.ts'
import type { EventLog } from './events.ts'
import { gitEnvironment } from './git.ts'
import type { GitRefusals } from './git-refusals.ts'
import { ownGroup } from './process.ts'
import { OUT_OF_SCOPE, type Scope, type Tokens } from './tokens.ts'

/** Git over HTTP as Heroku serves it: Basic auth with a token as password, `/<app>.git`. */
export interface GitHttp {
  readonly url: string
  close(): Promise<void>
}

const WRONG_CREDENTIALS = `!	WARNING:
!	Do not authenticate with username and password using git.
!	Run \`heroku login\` to update your credentials, then retry the git command.
!	See documentation for details: https://devcenter.heroku.com/articles/http-git#authentication
`

/**
 * A server in front of `git http-backend`. A push that has arrived completely is built and lands even if the client is
 * gone: git would end with SIGPIPE when nobody reads its answer, and leave the branch where it was, so the answer is
 * read here to its end whoever listens. A push that breaks off before that is dropped by git itself.
 */
export async function startGitHttp(place: {
  /** the folder with the apps' bare repositories */
  readonly repositories: string
  readonly tokens: Tokens
  readonly gitRefusals: GitRefusals
  readonly apps: ReadonlyMap<string, LocalApp>
  readonly hookSocket: string
  /** what a fetch needs */
  readonly gitScope: Scope
  readonly log: EventLog
}): Promise<GitHttp> {
  const { repositories, tokens, gitRefusals, apps, hookSocket, log, gitScope } = place
  const backends = new Map<number, Promise<unknown>>()
  const hooks = join(repositories, '../hooks')
  await mkdir(hooks)
  await writeFile(join(hooks, 'pre-receive'), '#!/bin/sh\nexec "$HEROKU_NODE" "$HEROKU_HOOK"\n')
  await chmod(join(hooks, 'pre-receive'), 0o755)

  function serve(request: IncomingMessage, response: ServerResponse): void {
    if (gitRefusals.serve(response)) return
    const url = new URL(request.url ?? '/', 'http://localhost')
    // Whoever may push can read config vars: by code that prints them.
    const scope = /receive-pack/.test(url.pathname + url.search) ? 'write-protected' : gitScope
    const judged = tokens.judge(passwordOf(request), scope)
    if (judged === 'unknown') {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="Heroku"', 'Content-Type': 'text/plain' })
      return void response.end(WRONG_CREDENTIALS)
    }
    if (judged === 'out of scope') {
      response.writeHead(403, { 'Content-Type': 'text/plain' })
      return void response.end(`!	${OUT_OF_SCOPE}\n`)
    }
    const name = /^\/(.+?)(?:\.git)?\//.exec(url.pathname)?.[1] ?? ''
    const app = apps.get(name)
    if (!app) {
      response.writeHead(404, { 'Content-Type': 'text/plain' })
      return void response.end(`!	No such app as ${name}.\n`)
    }
    runBackend(app, url, request, response)
  }

  function runBackend(app: LocalApp, url: URL, request: IncomingMessage, response: ServerResponse): void {
    const push = randomUUID()
    const backend = spawn('git', ['-c', `core.hooksPath=${hooks}`, 'http-backend'], {
      env: {
        ...gitEnvironment(),
        GIT_PROJECT_ROOT: repositories,
        GIT_HTTP_EXPORT_ALL: '1',
        REMOTE_USER: 'heroku',
        REQUEST_METHOD: request.method ?? 'GET',
        PATH_INFO: `/${app.name}.git${url.pathname.replace(/^\/[^/]+/, '')}`,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        HEROKU_APP: app.name,
        HEROKU_PUSH: push,
        HEROKU_SOCKET: hookSocket,
        HEROKU_NODE: process.execPath,
        HEROKU_HOOK: join(import.meta.dirname, 'hook.mjs'),
      },
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const pid = ownGroup(backend)
    const closed = once(backend, 'close').then(([code]) => {
      backends.delete(pid)
      app.releases.pushReturned(push)
      const received = log.events.find((event) => event.push === push)
      if (received) log.record({ ...received, kind: 'push-answered' })
      // A proper end without an answer would leave git waiting for one.
      if (code === 0) response.end()
      else response.destroy()
    })
    backends.set(pid, closed)
    const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request
    body.pipe(backend.stdin)
    // A client that leaves in the middle of its pack: git must see the end, or it would wait for the rest for good.
    request.on('close', () => request.complete || backend.stdin.destroy())
    body.on('error', () => backend.stdin.destroy())
    backend.stdin.on('error', () => {})
    response.on('error', () => {})
    forward(backend.stdout, response)
  }

  const server = createServer(serve)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const pid of backends.keys()) signalGroup(pid, 'SIGKILL')
      await Promise.all(backends.values())
      server.closeAllConnections()
      await closed
    },
  }
}

function passwordOf({ headers }: IncomingMessage): string | undefined {
  const [kind, credentials = ''] = headers.authorization?.split(' ') ?? []
  if (kind?.toLowerCase() !== 'basic') return undefined
  return /^[^:]*:(.*)$/s.exec(Buffer.from(credentials, 'base64').toString())?.[1]
}
