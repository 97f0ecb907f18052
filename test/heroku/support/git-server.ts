import { execFileSync, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { forward } from '../../support/cgi.ts'
import { gitEnvironment, openRepository, type Repository } from './repository.ts'
import { until } from './until.ts'

/** Git over HTTP as Heroku serves it: Basic auth with the API key as password, one repository an app. */
export interface GitServer {
  readonly url: string
  /** every request, with all of its `Authorization` headers */
  readonly requests: { readonly path: string; readonly authorizations: readonly string[] }[]
  /** makes the repository of an app, bare */
  app(name: string): Repository
  /**
   * Installs a shell hook. The command `hold` in it waits until `release`; `$HTTP_AUTHORIZATION` is the header that the
   * push came with.
   */
  hook(app: string, name: 'pre-receive' | 'post-receive', script: string): void
  /** lets the hooks go that wait in `hold` */
  release(): void
  /** answers every request with this status and the `Authorization` that it came with, as a text that git shows */
  echo(status: number): void
  /** answers so many requests (of a method) as Heroku answers those that are too many */
  throttle(times: number, method?: 'GET' | 'POST'): void
  /** leaves every request unanswered */
  silence(): void
  /** resolves when a request for such a path has come, also one that came before */
  asked(path: RegExp): Promise<void>
  /** resolves when nothing that was asked for is under way any more */
  idle(): Promise<void>
  /** breaks the connections of the clients; what git is doing here goes on */
  drop(): void
  close(): Promise<void>
}

export async function startGitServer(folder: string, apiKey: string): Promise<GitServer> {
  const released = join(folder, 'released')
  const home = folder
  const requests: GitServer['requests'] = []
  const apps = new Set<string>()
  const sockets = new Set<Socket>()
  const children = new Set<Promise<unknown>>()
  const events = new EventEmitter()
  let echoed: number | undefined
  let throttled: { times: number; method?: string } = { times: 0 }
  let silent = false

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const headers = request.rawHeaders.flatMap((name, i) =>
      i % 2 === 0 && name.toLowerCase() === 'authorization' ? [request.rawHeaders[i + 1] ?? ''] : [],
    )
    const url = new URL(request.url ?? '/', 'http://localhost')
    requests.push({ path: url.pathname + url.search, authorizations: headers })
    events.emit('request')
    if (silent) return
    if (echoed !== undefined) {
      return void response.writeHead(echoed, { 'Content-Type': 'text/plain' }).end(`You sent ${headers}`)
    }
    if (throttled.times > 0 && (throttled.method ?? request.method) === request.method) {
      throttled.times--
      const headers = { 'Content-Type': 'text/plain', 'Retry-After': '1' }
      return void response.writeHead(429, headers).end('Too many requests for this Git repo')
    }
    const [kind, credentials] = headers[0]?.split(' ') ?? []
    const [, password] = Buffer.from(credentials ?? '', 'base64')
      .toString()
      .split(':')
    if (headers.length !== 1 || kind !== 'Basic' || password !== apiKey) {
      return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="Heroku"' }).end('Unauthorized')
    }
    const [, name = ''] = /^\/([^/]+)\.git\//.exec(url.pathname) ?? []
    if (!apps.has(name)) return void response.writeHead(404).end(`No such app as ${name}.`)
    const backend = spawn('git', ['http-backend'], {
      env: {
        ...gitEnvironment(home),
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        REMOTE_USER: 'heroku',
        REQUEST_METHOD: request.method ?? 'GET',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        HTTP_AUTHORIZATION: headers[0] ?? '',
        RELEASED: released,
        SERVER: String(process.pid),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.add(once(backend, 'close'))
    const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request
    body.pipe(backend.stdin)
    // A client that goes away in the middle of its request ends it for the backend too.
    request.on('close', () => {
      if (!request.complete) backend.stdin.end()
    })
    backend.stdin.on('error', () => {})
    forward(backend.stdout, response)
    backend.stdout.on('end', () => response.end())
  }

  const server = createServer(serve).on('connection', (socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const release = () => writeFileSync(released, '')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    app(name) {
      apps.add(name)
      const path = join(folder, `${name}.git`)
      execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', path], {
        env: gitEnvironment(home),
      })
      execFileSync('git', ['config', 'http.receivepack', 'true'], { cwd: path, env: gitEnvironment(home) })
      return openRepository(path, home)
    },
    hook(app, name, script) {
      const path = join(folder, `${app}.git`, 'hooks', name)
      // Waits no longer than this process lives, so that a test run that is killed leaves nobody waiting.
      const hold =
        'hold() { while kill -0 "$SERVER" && [ ! -e "$RELEASED" ]; do sleep 0.05; done 2> /dev/null; }'
      writeFileSync(path, `#!/bin/sh\n${hold}\n${script}\n`)
      chmodSync(path, 0o755)
    },
    release,
    echo(status) {
      echoed = status
    },
    throttle(times, method) {
      throttled = { times, ...(method && { method }) }
    },
    silence() {
      silent = true
    },
    asked: (path) => until(events, 'request', () => requests.some((request) => path.test(request.path))),
    async idle() {
      await Promise.all(children)
    },
    drop() {
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      release()
      server.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all(children)
    },
  }
}
