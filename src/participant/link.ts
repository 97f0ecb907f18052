import type { Log } from '../log.ts'
import type { ScriptHost } from '../protocol/script.ts'
import { describeAddress, type RedisAddress } from '../redis/address.ts'
import { backoff, createClient, type LinkTerms } from '../redis/client.ts'
import type { Trust } from '../redis/connector.ts'
import { listen } from '../redis/listen.ts'

/** The participant's one connection: beats go out on it and the doorbell comes in. */
export interface Link {
  /** Fails at once while there is no connection: a beat that waited for one would be stale when it arrives. */
  readonly host: ScriptHost
  /** whether the doorbell can't be heard: only beats tell of a drain then */
  readonly deaf: boolean
  close(): void
}

// Shorter than any beat interval: a link that swallowed a beat is made anew before the next is due.
export const LINK_TERMS: LinkTerms = {
  commandTimeoutMs: 5_000,
  silentLinkMs: 4_000,
  retryDelay: (attempt) => backoff(attempt, 10_000),
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
  terms = LINK_TERMS,
): Link {
  const name = describeAddress(address)
  const client = createClient(address, trust, terms)
  let [listens, connected, complained] = [false, false, false]
  client.on('error', (error: Error) => {
    if (!complained)
      log.warning(`${name} can't be reached (${error.message}); this process goes on and keeps trying`)
    complained = true
  })
  client.on('ready', async () => {
    if (complained) log.info(`${name} is reachable again`)
    ;[connected, complained] = [true, false]
    onDoorbell()
    // From then on the client listens again by itself after each loss.
    if (listens) return
    listens = await listen(client, channel, onDoorbell)
    // What rang before was not heard.
    onDoorbell()
  })
  client.on('close', () => {
    connected = false
  })
  client.connect().catch(() => {})
  const send = (command: () => Promise<unknown>) =>
    connected ? command() : Promise.reject(new Error(`${name} is not connected`))
  return {
    host: {
      evalsha: (...args) => send(() => client.evalsha(...args)),
      eval: (...args) => send(() => client.eval(...args)),
    },
    get deaf() {
      return !(listens && connected)
    },
    close: () => client.disconnect(),
  }
}
