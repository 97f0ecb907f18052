import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import type { Certificate } from '../../support/redis/certificate.ts'
import { until } from './until.ts'

/** The end of a connection that Heroku has, and its dyno speaks through. */
export interface ServerEnd {
  /** the line that it was attached by, without its end */
  readonly secret: string
  /** Resolves when this, and nothing else, has come after that line. */
  received(text: string): Promise<void>
  /** Sends it as one piece; resolves when it is with the system. */
  send(text: string | Buffer): Promise<void>
  /** ends the connection in order */
  end(): void
  /** breaks the connection */
  destroy(): void
  /** resolves when the other end is gone */
  readonly closed: Promise<void>
}

/** Where dynos' outputs are: TLS, one line with a secret, and then whatever the test sends. */
export interface RendezvousServer {
  readonly port: number
  /** `rendezvous://localhost:PORT/SECRET` */
  url(secret: string): string
  /** the connection that has sent that secret, as soon as it has */
  attached(secret: string): Promise<ServerEnd>
  /** the connections that were ever made, whatever they sent */
  readonly connections: () => number
  close(): Promise<void>
}

export async function startRendezvousServer(certificate: Certificate): Promise<RendezvousServer> {
  const events = new EventEmitter().setMaxListeners(0)
  const ends = new Map<string, ServerEnd>()
  const sockets = new Set<TLSSocket>()
  /** below TLS, by the port of the other end */
  const raw = new Map<number | undefined, Socket>()
  let connections = 0
  const server = createServer({
    key: readFileSync(certificate.keyFile),
    cert: readFileSync(certificate.certificateFile),
  })
  server.on('connection', (socket) => {
    connections += 1
    raw.set(socket.remotePort, socket)
  })
  server.on('secureConnection', (socket) => {
    sockets.add(socket)
    let received = ''
    const closed = once(socket, 'close').then(() => {
      sockets.delete(socket)
    })
    socket.on('error', () => {})
    socket.on('data', (piece: Buffer) => {
      received += piece.toString()
      const [line, secret] = /^([^\r\n]*)\r\n/.exec(received) ?? []
      if (line === undefined || secret === undefined) return
      if (!ends.has(secret)) {
        ends.set(secret, {
          secret,
          received: (text) => until(events, 'data', () => received.slice(line.length) === text),
          send: (text) => new Promise((resolve) => socket.write(text, () => resolve())),
          end: () => void socket.end(),
          destroy: () => void raw.get(socket.remotePort)?.resetAndDestroy(),
          closed,
        })
      }
      events.emit('data')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: (secret) => `rendezvous://localhost:${port}/${secret}`,
    async attached(secret) {
      await until(events, 'data', () => ends.has(secret))
      return ends.get(secret) as ServerEnd
    },
    connections: () => connections,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
