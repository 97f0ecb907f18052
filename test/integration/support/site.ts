import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Reply = readonly [status: number, body: string]

/** A web server whose answers a test has arranged. */
export interface Site extends AsyncDisposable {
  readonly url: string
  /** the paths that were asked for */
  readonly asked: readonly string[]
}

/** Answers with each of `replies` in turn, as soon as it is there, and from then on with the last; without any, not at all. */
export async function openSite(...replies: readonly (Reply | Promise<Reply>)[]): Promise<Site> {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    asked.push(request.url ?? '')
    const reply = await (replies[asked.length - 1] ?? replies.at(-1))
    if (reply !== undefined) response.writeHead(reply[0]).end(reply[1])
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
