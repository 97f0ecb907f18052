import { once } from 'node:events'
import http, { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** A proxy as companies have them: CONNECT for `https:`, whole addresses for `http:`. */
export interface WebProxy {
  /** `127.0.0.1:3128` */
  readonly host: string
  /** what it was asked for, in order: `CONNECT localhost:443`, `GET http://localhost/` */
  readonly asked: string[]
  /** the tunnels that are open */
  readonly tunnels: ReadonlySet<Socket>
  /** resolves when it has been asked */
  wasAsked(): Promise<void>
  close(): Promise<void>
}

/**
 * @param over `password`: it wants this as user:password. `refuse`: it answers everything with this status. `silent`: it answers nothing.
 */
export async function startWebProxy(
  over: { readonly password?: string; readonly refuse?: number; readonly silent?: boolean } = {},
): Promise<WebProxy> {
  const asked: string[] = []
  const tunnels = new Set<Socket>()
  const expected = over.password && `Basic ${Buffer.from(over.password).toString('base64')}`

  const refusal = (given: string | undefined) =>
    over.refuse ?? (expected && given !== expected ? 407 : undefined)
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    server.emit('asked')
    const status = refusal(request.headers['proxy-authorization'])
    if (status) return void response.writeHead(status).end('no')
    const { method, headers } = request
    const onward = http.request(request.url ?? '', { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  server.on('connect', (request, near: Socket) => {
    asked.push(`CONNECT ${request.url}`)
    tunnels.add(near)
    near.on('error', () => {}).on('close', () => tunnels.delete(near))
    server.emit('asked')
    // A socket that nobody reads does not notice its end, and a server's stays half open.
    if (over.silent) return void near.resume().on('end', () => near.end())
    const status = refusal(request.headers['proxy-authorization'])
    if (status)
      return void near.end(`HTTP/1.1 ${status} ${request.headers['proxy-authorization'] ?? 'No'}\r\n\r\n`)
    const [host, port] = (request.url ?? '').split(':')
    const far = connect(Number(port), host)
    far.on('error', () => near.destroy()).on('close', () => near.destroy())
    near.on('close', () => far.destroy())
    far.on('connect', () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n')
      far.pipe(near).pipe(far)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    tunnels,
    async wasAsked() {
      if (asked.length === 0) await once(server, 'asked')
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      for (const tunnel of tunnels) tunnel.destroy()
      await closed
    },
  }
}
