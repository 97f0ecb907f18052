import { Redis } from 'ioredis'
import type { HostPort, RedisAddress } from './address.ts'
import { connectorFor, type Trust } from './connector.ts'
import { finder } from './topology.ts'
import { isElsewhere } from './trouble.ts'

/** How a client behaves when the link is bad. */
export interface LinkTerms {
  /** a command without its reply for so long fails, ms */
  readonly commandTimeoutMs: number
  /** a link that owes a reply and is silent for so long is closed and made anew, ms: a half-open one is never noticed otherwise */
  readonly silentLinkMs: number
  /**
   * whether a command whose reply was lost is sent again on the next connection, as every script is idempotent; if not, it fails at
   * its timeout. Default: true
   */
  readonly resend?: boolean
  /** ms until the next attempt, or `null` to give up; `attempt` counts from 1 */
  retryDelay(attempt: number): number | null
  /** told which server a topology led to, before it is connected to */
  onServer?(server: HostPort): void
}

/**
 * A client that is not connected yet: call `connect()`. It speaks RESP3, so that one connection can listen and send.
 * Its errors arrive on `error`; a rejected `connect()` says only that the connection closed. A call that the server refuses because it
 * is not, or not yet, the one to ask fails, is an `error` too, and has the connection made anew: to the server that it is then.
 * @param key any key of the gate: needed for a cluster
 */
export function createClient(address: RedisAddress, trust: Trust, terms: LinkTerms, key?: string): Redis {
  const find = finder(address, trust, key)
  const client: Redis = new SparingRedis({
    lazyConnect: true,
    Connector: connectorFor(
      async (signal) => {
        const server = await find(signal)
        if (address.topology) terms.onServer?.(server)
        return server
      },
      address.tls,
      trust,
    ),
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    db: address.db,
    connectionName: 'deploy-gate',
    // An ACL user without INFO would be warned about on the console; the gate asks for INFO itself, once.
    enableReadyCheck: false,
    disableClientInfo: true,
    autoResendUnfulfilledCommands: terms.resend ?? true,
    // `listen` does it, and knows when it did not work.
    autoResubscribe: false,
    maxRetriesPerRequest: null,
    commandTimeout: terms.commandTimeoutMs,
    socketTimeout: terms.silentLinkMs,
    retryStrategy: (attempt) => terms.retryDelay(attempt),
    reconnectOnError(error) {
      // One server that is a cluster's node stays that however often it is connected to.
      if (!isElsewhere(error) || (error.message.startsWith('MOVED ') && !address.topology)) return false
      client.emit('error', error)
      return true
    },
  })
  client.on('error', forgetArguments)
  return client
}

/**
 * After a reconnect ioredis sends commands of its own, such as SELECT, and does not handle their rejection: the first whose
 * reply is lost would end the app's process. Whoever sends a command hears of its failure as before.
 */
class SparingRedis extends Redis {
  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    const [command] = args
    const reply = super.sendCommand(...args)
    command.promise.catch(() => {})
    return reply
  }
}

/** ioredis hangs the refused command on its error, and the arguments of AUTH are user and password: whoever prints it would show them. */
function forgetArguments(error: Error & { command?: { name: string } }): void {
  if (error.command) error.command = { name: error.command.name }
}

/** Exponential and jittered: 0.1 s doubling up to `capMs`, each between half of it and all of it. `random` is in [0, 1). */
export function backoff(attempt: number, capMs: number, random: () => number = Math.random): number {
  const full = Math.min(capMs, 100 * 2 ** Math.min(attempt - 1, 20))
  return Math.round(full * (0.5 + random() / 2))
}
