import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { LocalApp } from './app.ts'
import type { EventLog } from './events.ts'
import { type Push, receivePush } from './push.ts'

/** Where the hooks of the repositories report pushes: a Unix socket in a folder of the local Heroku's own. */
export interface HookSocket {
  readonly path: string
  /** Resolves when no push is under way any more. */
  close(): Promise<void>
}

/** Answers one JSON object a line: `{ text }` to print, and `{ accepted }` at the end. */
export async function openHookSocket(
  path: string,
  apps: ReadonlyMap<string, LocalApp>,
  log: EventLog,
): Promise<HookSocket> {
  const underWay = new Set<Promise<void>>()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The hook may be gone: what it was told about goes on all the same.
    response.on('error', () => {})
    const send = (line: { text: string } | { accepted: boolean }) => {
      if (!response.destroyed) response.write(`${JSON.stringify(line)}\n`)
    }
    const push: Push = JSON.parse(await text(request))
    const app = apps.get(request.url?.slice(1) ?? '')
    if (app) send({ accepted: await receivePush(app, log, push, (line) => send({ text: line })) })
    response.end()
  }

  const server = createServer((request, response) => {
    const work = answer(request, response).catch(() => void response.destroy())
    underWay.add(work)
    work.then(() => underWay.delete(work))
  })
  await once(server.listen(path), 'listening')
  return {
    path,
    async close() {
      server.close()
      server.closeAllConnections()
      await Promise.all(underWay)
    },
  }
}
