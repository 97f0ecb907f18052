import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { until } from './until.ts'

/** One answer of the scripted API. */
export interface Answer {
  readonly status?: number
  readonly body?: unknown
  /** sent as it is, instead of `body` as JSON */
  readonly raw?: string
  readonly headers?: Record<string, string>
  /** `drop`: break the connection; `silence`: never answer */
  readonly instead?: 'drop' | 'silence'
}

export interface ApiServer {
  readonly url: string
  readonly requests: {
    readonly method: string
    readonly path: string
    readonly headers: IncomingHttpHeaders
    /** as it came; empty for a GET */
    readonly body: string
  }[]
  /**
   * The answers to a path, or to one method alone (`POST /apps/shop/releases`), in their order; the last one is repeated.
   * Without a script: 404, as Heroku words it.
   */
  script(path: string, ...answers: Answer[]): void
  /** resolves when `path` has been asked for that often */
  asked(path: string, times: number): Promise<void>
  close(): Promise<void>
}

export async function startApiServer(): Promise<ApiServer> {
  const scripts = new Map<string, Answer[]>()
  const requests: ApiServer['requests'] = []
  const events = new EventEmitter()
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    requests.push({ method, path, headers, body: await text(request) })
    events.emit('request')
    const answers = scripts.get(`${method} ${path}`) ?? scripts.get(path)
    const answer = (answers && answers.length > 1 ? answers.shift() : answers?.[0]) ?? {
      status: 404,
      body: { id: 'not_found', message: "Couldn't find that app." },
    }
    if (answer.instead === 'silence') return
    if (answer.instead === 'drop') return void request.socket.destroy()
    response.writeHead(answer.status ?? 200, { 'Content-Type': 'application/json', ...answer.headers })
    response.end(answer.raw ?? JSON.stringify(answer.body))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    script: (path, ...answers) => scripts.set(path, answers),
    asked: (path, times) =>
      until(events, 'request', () => requests.filter((request) => request.path === path).length >= times),
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
