import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import type { App } from './app.ts'
import type { EventLog } from './events.ts'
import { receivePush } from './push.ts'

/** Where the hooks of the repositories report pushes: a Unix socket in a folder of the local Heroku's own. */
export interface HookSocket {
  readonly path: string
  close(): void
}

/** Answers one JSON object a line: `{ text }` to print, and `{ accepted }` at the end. */
export async function openHookSocket(
  path: string,
  apps: ReadonlyMap<string, App>,
  log: EventLog,
): Promise<HookSocket> {
  const server = createServer(async (request, response) => {
    // The hook may be gone: what it was told about goes on all the same.
    response.on('error', () => {})
    const send = (line: { text: string } | { accepted: boolean }) => {
      if (!response.destroyed) response.write(`${JSON.stringify(line)}\n`)
    }
    const app = apps.get(request.url?.slice(1) ?? '')
    const accepted =
      app !== undefined &&
      (await receivePush(app, log, JSON.parse(await text(request)), (line) => send({ text: line })))
    send({ accepted })
    response.end()
  })
  await once(server.listen(path), 'listening')
  return {
    path,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
