import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** Where a server of a test listens, and how to log in there. */
export interface Door {
  readonly port: number
  readonly tls: boolean
  readonly password?: string
}

/** Sends one command on a connection of its own. @throws Error when it is refused or nobody answers */
export async function command(
  door: Door,
  name: string,
  ...args: readonly (string | number)[]
): Promise<unknown> {
  const client = new Redis({
    host: '127.0.0.1',
    port: door.port,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => null,
    commandTimeout: 10_000,
    ...(door.password !== undefined && { password: door.password }),
    // A test's own servers, on this machine.
    ...(door.tls && { tls: { rejectUnauthorized: false } }),
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.call(name, ...args)
  } finally {
    client.disconnect()
  }
}

/** A section of INFO, by field. */
export async function info(door: Door, section: string): Promise<ReadonlyMap<string, string>> {
  const text = String(await command(door, 'INFO', section))
  return new Map(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : []
    }),
  )
}

const LIMIT_MS = 60_000

/** Asks again and again until there is an answer. @throws Error that says what was not seen in a minute */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + LIMIT_MS
  let last: unknown
  while (Date.now() < until) {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      last = error
    }
    await sleep(100)
  }
  throw new Error(`not within ${LIMIT_MS / 1_000} s: ${what}`, { cause: last })
}
