import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A TCP proxy on 127.0.0.1 that breaks what goes through it as networks do. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number
  /** clients that are connected now */
  readonly connections: number
  /** Where new connections go from now on; those that are there stay. */
  retarget(port: number): void
  /** the same URL by way of the proxy */
  url(of: string): string
  /** From now on everything arrives `ms` late, in both directions. */
  delay(ms: number): void
  /** Half-open: connections are accepted and stay, nothing passes, no end is told. */
  freeze(): void
  /** Lets go of everything that was frozen, in order. */
  thaw(): void
  /** Resets all connections (RST). */
  drop(): void
  /** New connections are refused; those that are there go on. */
  refuse(): Promise<void>
  /** New connections are reset as soon as they are made, or no more. Unlike `refuse` it keeps the port. */
  slam(shut: boolean): void
  /** Takes connections again, on the same port. */
  accept(): Promise<void>
  /**
   * Passes the next request that contains `text` (any, without it), swallows its reply and closes that connection.
   * Resolves when it has.
   */
  dropNextReply(text?: string): Promise<void>
  /** Whatever the server sends that matches as a whole does not arrive, until it is told `undefined`. */
  lose(matching: RegExp | undefined): void
  /** Calls `act` once, when the server has sent something that matches and before that passes: whatever `act` does meets it. */
  before(matching: RegExp, act: () => void): void
}

interface Link {
  readonly client: Socket
  readonly server: Socket
  /** set when this link's next reply is to be lost */
  loseReply?: () => void
}

export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const links = new Set<Link>()
  let targetPort = target
  let delayMs = 0
  let frozen: PromiseWithResolvers<void> | undefined
  let lost: RegExp | undefined
  let shut = false
  let awaited: { matching: RegExp; act: () => void } | undefined
  let wanted: { text: string; done: () => void } | undefined

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (shut) {
      client.on('error', () => {}).resetAndDestroy()
      return
    }
    const server = createConnection({ host: '127.0.0.1', port: targetPort, allowHalfOpen: true })
    const link: Link = { client, server }
    links.add(link)
    client.setNoDelay(true).on('close', () => links.delete(link))
    server.setNoDelay(true)
    forward(client, server, (piece) => {
      if (wanted && piece.includes(wanted.text)) {
        link.loseReply = wanted.done
        wanted = undefined
      }
      return true
    })
    forward(server, client, async (piece) => {
      if (awaited?.matching.test(piece.toString('latin1'))) {
        const { act } = awaited
        awaited = undefined
        act()
        while (frozen) await frozen.promise
      }
      if (lost?.test(piece.toString('latin1'))) return false
      if (!link.loseReply) return true
      link.client.destroy()
      link.server.destroy()
      link.loseReply()
      return false
    })
  })

  /** One direction: each piece waits for the one before it, for its delay and for the thaw. */
  function forward(from: Socket, to: Socket, passes: (piece: Buffer) => boolean | Promise<boolean>): void {
    let before = Promise.resolve()
    const inTurn = (act: () => unknown) => {
      const due = performance.now() + delayMs
      before = before.then(async () => {
        if (due > performance.now()) await sleep(due - performance.now())
        while (frozen) await frozen.promise
        await act()
      })
    }
    from.on('data', (piece) => inTurn(async () => (await passes(piece)) && !to.destroyed && to.write(piece)))
    from.on('end', () => inTurn(() => to.end()))
    from.on('error', () => inTurn(() => to.destroyed || to.resetAndDestroy()))
    from.on('close', () => inTurn(() => to.destroy()))
  }

  const listen = async (port: number) => {
    await once(listener.listen(port, '127.0.0.1'), 'listening')
    return (listener.address() as AddressInfo).port
  }
  const port = await listen(0)
  const thaw = () => {
    frozen?.resolve()
    frozen = undefined
  }
  const drop = () => {
    for (const { client, server } of links) {
      client.resetAndDestroy()
      server.destroy()
    }
  }

  return {
    port,
    get connections() {
      return links.size
    },
    retarget(port) {
      targetPort = port
    },
    url(of) {
      const url = new URL(of)
      url.hostname = '127.0.0.1'
      url.port = String(port)
      return url.href
    },
    delay(ms) {
      delayMs = ms
    },
    freeze() {
      frozen ??= Promise.withResolvers()
    },
    thaw,
    drop,
    async refuse() {
      // Its callback waits for the connections to end; the port is free at once.
      if (listener.listening) listener.close()
    },
    async accept() {
      if (!listener.listening) await listen(port)
    },
    dropNextReply(text = '') {
      const { promise, resolve } = Promise.withResolvers<void>()
      wanted = { text, done: resolve }
      return promise
    },
    slam(now) {
      shut = now
    },
    lose(matching) {
      lost = matching
    },
    before(matching, act) {
      awaited = { matching, act }
    },
    async [Symbol.asyncDispose]() {
      if (listener.listening) listener.close()
      drop()
      thaw()
    },
  }
}
