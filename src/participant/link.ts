import type { Redis } from 'ioredis'
import type { Log } from '../log.ts'
import { describeAddress, type RedisAddress } from '../redis/address.ts'
import { backoff, createClient } from '../redis/client.ts'
import type { Trust } from '../redis/connector.ts'

/** The participant's one connection: beats go out on it and the doorbell comes in. */
export interface Link {
  readonly client: Redis
  /** whether the doorbell can't be heard: only beats tell of a drain then */
  readonly deaf: boolean
  close(): void
}

/**
 * Connects and goes on trying for ever, in the background: an app must not depend on its gate to run.
 * @param onDoorbell somebody rang, or the link is back and may have missed a ring
 */
export function openLink(
  address: RedisAddress,
  trust: Trust,
  channel: string,
  log: Log,
  onDoorbell: () => void,
): Link {
  // Shorter than any beat interval: a link that swallowed a beat is made anew before the next is due.
  const client = createClient(address, trust, {
    commandTimeoutMs: 5_000,
    silentLinkMs: 4_000,
    retryDelay: (attempt) => backoff(attempt, 10_000),
  })
  let deaf = true
  let complained = false
  client.on('error', (error: Error) => {
    if (complained) return
    complained = true
    log.warning(
      `${describeAddress(address)} can't be reached (${error.message}); this process goes on and keeps trying`,
    )
  })
  client.on('ready', async () => {
    if (complained) log.info(`${describeAddress(address)} is reachable again`)
    complained = false
    onDoorbell()
    try {
      // Before RESP3, a connection that listens can't send: then beats alone have to do.
      const hello = await client.call('HELLO')
      const at = Array.isArray(hello) ? hello.indexOf('proto') : -1
      if (at < 0 || !Array.isArray(hello) || hello[at + 1] !== 3) return
      await client.subscribe(channel)
      deaf = false
    } catch {
      deaf = true
    }
  })
  client.on('close', () => {
    deaf = true
  })
  client.on('message', onDoorbell)
  client.connect().catch(() => {})
  return {
    client,
    get deaf() {
      return deaf
    },
    close: () => client.disconnect(),
  }
}
