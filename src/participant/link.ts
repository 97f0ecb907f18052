import type { Redis } from 'ioredis'
import type { Log } from '../log.ts'
import { describeAddress, type RedisAddress } from '../redis/address.ts'
import { backoff, createClient } from '../redis/client.ts'
import type { Trust } from '../redis/connector.ts'
import { listen } from '../redis/listen.ts'

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
  const name = describeAddress(address)
  // Shorter than any beat interval: a link that swallowed a beat is made anew before the next is due.
  const client = createClient(address, trust, {
    commandTimeoutMs: 5_000,
    silentLinkMs: 4_000,
    retryDelay: (attempt) => backoff(attempt, 10_000),
  })
  let [listens, connected, complained] = [false, false, false]
  client.on('error', (error: Error) => {
    if (!complained)
      log.warning(`${name} can't be reached (${error.message}); this process goes on and keeps trying`)
    complained = true
  })
  client.on('ready', async () => {
    if (complained) log.info(`${name} is reachable again`)
    ;[connected, complained] = [true, false]
    // The client listens again by itself; what rang before it listened was not heard.
    listens ||= await listen(client, channel, onDoorbell)
    onDoorbell()
  })
  client.on('close', () => {
    connected = false
  })
  client.connect().catch(() => {})
  return {
    client,
    get deaf() {
      return !(listens && connected)
    },
    close: () => client.disconnect(),
  }
}
