import type { Log } from '../log.ts'
import type { ScriptHost } from '../protocol/script.ts'
import { describeAddress, type RedisAddress } from '../redis/address.ts'
import { backoff, createClient, type LinkTerms } from '../redis/client.ts'
import type { Trust } from '../redis/connector.ts'
import { listen } from '../redis/listen.ts'
import { isNamedUser, missingRights, PARTICIPANT_RIGHTS } from '../redis/rights.ts'
import { formOf, isPassing } from '../redis/trouble.ts'

/** The participant's one connection, also to a topology of many servers: beats go out on it and the doorbell comes in. */
export interface Link {
  /**
   * Fails at once while there is no connection: a beat that waited for one would be stale when it arrives. What it fails with is no
   * `ReplyError` when the link tells the trouble itself: a server that is not, or not yet, the one to ask.
   */
  readonly host: ScriptHost
  /** whether the doorbell can't be heard: only beats tell of a drain then */
  readonly deaf: boolean
  close(): void
}

/**
 * Shorter than any beat interval: a link that swallowed a beat is made anew before the next is due. That beat is not sent again: its
 * row would be stale, and a server that greets and then says nothing would get more of them with each new connection.
 */
export const LINK_TERMS: LinkTerms = {
  commandTimeoutMs: 5_000,
  silentLinkMs: 4_000,
  resend: false,
  retryDelay: (attempt) => backoff(attempt, 10_000),
}

/**
 * Connects and goes on trying for ever, in the background: an app must not depend on its gate to run.
 * @param channel the gate's doorbell; in a cluster, the gate is on the node that has the slot of this name
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
  let [connected, complained] = [false, false]
  // Attempts since the server last did what it was asked: one that lets everybody in and refuses every beat is not there yet.
  let attempts = 0
  const retryDelay = () => terms.retryDelay(++attempts)
  const client = createClient(address, trust, { ...terms, retryDelay }, channel)
  const complain = (trouble: string) => {
    if (!complained) log.warning(`${name} ${trouble}`)
    complained = true
  }
  client.on('error', (error: Error) => {
    complain(`can't be reached (${error.message}); this process goes on and keeps trying`)
  })
  let tried = !isNamedUser(address)
  const tryRights = async () => {
    if (tried) return
    tried = true
    const missing = await missingRights(client, PARTICIPANT_RIGHTS, channel).catch(() => [])
    if (missing.length > 0)
      log.warning(
        `${name}: its user lacks rights: ${missing.join(' ')}. This process goes on, and no deploy can wait for it; docs/redis.md has all that are needed in one line`,
      )
  }
  const unanswered = new Set<(lost: Error) => void>()
  client.on('close', () => {
    connected = false
    for (const fail of unanswered) fail(new Error(`${name} closed the connection`))
  })
  /** Fails as soon as the connection does that owes the reply. */
  const answered = async (command: () => Promise<unknown>): Promise<unknown> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    unanswered.add(reject)
    command().then(resolve, reject)
    try {
      return await promise
    } finally {
      unanswered.delete(reject)
    }
  }
  const onCall = () => {
    // A beat before it listens would miss what rings in between.
    connected = client.status === 'ready'
    onDoorbell()
  }
  client.on('ready', () => void tryRights())
  const ear = listen(client, channel, onCall, (error) =>
    log.warning(
      `${name}: its user may not listen (${error.message}), so a deploy is heard of some seconds later; +subscribe and &deploy-gate:* allow it`,
    ),
  )
  client.connect().catch(() => {})
  const send = async (command: () => Promise<unknown>) => {
    if (!connected) throw new Error(`${name} is not connected`)
    try {
      const reply = await answered(command)
      if (complained) log.info(`${name} is reachable again`)
      ;[attempts, complained] = [0, false]
      return reply
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ReplyError') throw error
      const form = address.topology ? undefined : formOf(error)
      if (form)
        complain(`is of another kind: ${form.message}. ${form.next} This process goes on without the gate`)
      else if (isPassing(error))
        complain(`can't serve the gate now (${error.message}); this process goes on and keeps trying`)
      else throw error
      throw new Error(error.message, { cause: error })
    }
  }
  return {
    host: {
      evalsha: (...args) => send(() => client.evalsha(...args)),
      eval: (...args) => send(() => client.eval(...args)),
    },
    get deaf() {
      return !ear.hears
    },
    close: () => client.disconnect(),
  }
}
