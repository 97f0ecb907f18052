import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type NetConnectOpts, type Socket } from 'node:net'

/** A port of its own through which one listener reaches the Redis, and behind which the Redis can go away for it alone. */
export class Relay {
  readonly #target: NetConnectOpts
  readonly #links = new Set<Socket>()
  readonly #server = createServer((client) => this.#accept(client))
  #mode: 'open' | 'cut' | 'mute' = 'open'
  #accepted = 0

  private constructor(target: NetConnectOpts) {
    this.#target = target
  }

  static async open(target: NetConnectOpts): Promise<Relay> {
    const relay = new Relay(target)
    await once(relay.#server.listen(0, '127.0.0.1'), 'listening')
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** how many connections were accepted so far */
  get accepted(): number {
    return this.#accepted
  }

  /** Redis is gone: connections are reset, and so are new ones. */
  cut(): void {
    this.#mode = 'cut'
    this.#reset()
  }

  /** A host that hangs: new connections are accepted, and nothing is ever heard of them. */
  mute(): void {
    this.#mode = 'mute'
  }

  /** Half-open: nothing passes any more on the connections that there are, and nobody is told. New ones are fine. */
  freeze(): void {
    for (const socket of this.#links) {
      socket.unpipe()
      socket.removeAllListeners('data')
      socket.resume()
    }
  }

  /** Redis is back: what hung is reset, new connections are fine. */
  mend(): void {
    if (this.#mode === 'mute') this.#reset()
    this.#mode = 'open'
  }

  async close(): Promise<void> {
    // Also whoever connects anew in this moment: a connection that stayed would be waited for.
    this.cut()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    await closed
  }

  #reset(): void {
    for (const socket of this.#links) socket.destroy()
  }

  #accept(client: Socket): void {
    this.#accepted++
    this.#keep(client)
    if (this.#mode === 'cut') return void client.resetAndDestroy()
    if (this.#mode === 'mute') return void client.resume()
    const server = this.#keep(createConnection(this.#target))
    client.pipe(server).pipe(client)
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  }

  #keep(socket: Socket): Socket {
    this.#links.add(socket)
    return socket.on('error', () => {}).on('close', () => this.#links.delete(socket))
  }
}
