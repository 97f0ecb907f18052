import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** A proxy that makes tunnels by CONNECT. */
export interface ConnectProxy {
  /** `http://user:password@localhost:PORT` */
  readonly url: string
  /** what it was asked for: `localhost:5000`, and by whom */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[]
  close(): Promise<void>
}

/** @param answer `200` lets everybody through; anything else is what it answers; `silence`: nothing */
export async function startConnectProxy(answer: 200 | 403 | 'silence' = 200): Promise<ConnectProxy> {
  const asked: ConnectProxy['asked'] = []
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connection', keep)
  server.on('connect', (request, client) => {
    asked.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] })
    if (answer === 'silence') return
    if (answer === 403) return void client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    const [, port] = /:(\d+)$/.exec(request.url ?? '') ?? []
    const upstream = connect(Number(port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      client.pipe(upstream).pipe(client)
    })
    keep(upstream)
    client.once('close', () => upstream.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://me:p%40ss@localhost:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
