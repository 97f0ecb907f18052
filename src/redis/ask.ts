import { Redis } from 'ioredis'
import type { HostPort, ServerAddress } from './address.ts'
import { describeHost } from './address.ts'
import { connectorFor, type Trust } from './connector.ts'

/** For each step of a lookup: whoever takes longer is as good as down, and the next one is asked. */
const LIMIT_MS = 3_000

/** What a lookup works with. */
export interface LookupNeeds {
  readonly trust: Trust
  /** aborts when nobody wants to know any more */
  readonly signal: AbortSignal
}

/** Who was asked where the gate's server is, and what went wrong there: `cause`. */
export class LookupError extends Error {
  override readonly name = 'LookupError'
  declare readonly cause: Error & { code?: string }
  readonly asked: string
  /** @param asked as it stands in a sentence: `the sentinel` */
  constructor(asked: string, at: HostPort, cause: Error) {
    super(`${asked} at ${describeHost(at)}: ${cause.message}`, { cause })
    this.asked = `${asked} at ${describeHost(at)}`
  }
}

/**
 * Asks a server something on a connection that is closed again. It is told neither who this is nor more than the questions.
 * @param asked as it stands in a sentence: `the sentinel`
 * @throws LookupError; the signal's reason, at once, when it aborts
 */
export async function ask<T>(
  asked: string,
  server: ServerAddress,
  { trust, signal }: LookupNeeds,
  questions: (call: (name: string, ...args: string[]) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const client = new Redis({
    lazyConnect: true,
    Connector: connectorFor(async () => server, server.tls, trust, LIMIT_MS),
    ...(server.username !== undefined && { username: server.username }),
    ...(server.password !== undefined && { password: server.password }),
    enableReadyCheck: false,
    disableClientInfo: true,
    commandTimeout: LIMIT_MS,
    socketTimeout: LIMIT_MS,
    retryStrategy: () => null,
  })
  // ioredis rejects with "Connection is closed"; the reason comes here only.
  let cause: Error | undefined
  client.on('error', (error: Error) => {
    cause ??= error
  })
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    const answered = client.connect().then(() => questions((name, ...args) => client.call(name, ...args)))
    return await Promise.race([answered, aborted.promise])
  } catch (error) {
    signal.throwIfAborted()
    throw new LookupError(asked, server, cause ?? (error as Error))
  } finally {
    signal.removeEventListener('abort', abort)
    client.disconnect()
  }
}

/**
 * Asks one after the other until one answers.
 * @throws what the first of them failed with
 */
export async function inTurn<T>(
  hosts: readonly HostPort[],
  signal: AbortSignal,
  one: (host: HostPort) => Promise<T>,
): Promise<T> {
  let first: unknown
  for (const host of hosts) {
    try {
      return await one(host)
    } catch (error) {
      first ??= error
    }
    signal.throwIfAborted()
  }
  throw first
}
