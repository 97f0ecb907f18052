import { acquireGate, newDeployId, type Surroundings } from '../../src/gate/gate.ts'
import { NUMBERS } from '../../src/gate/numbers.ts'
import type { DrainTerms } from '../../src/gate/terms.ts'
import { join } from '../../src/participant/join.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { parseRedisUrl } from '../../src/redis/address.ts'
import { createClient } from '../../src/redis/client.ts'
import { listen } from '../../src/redis/listen.ts'
import { systemTime } from '../../src/time.ts'

const TERMS: DrainTerms = {
  asked: [{ type: 'clock', atLeast: 1, demanded: false }],
  acknowledgeTimeoutMs: 30_000,
  drainTimeoutMs: 30_000,
  onDrainTimeout: 'fail',
  onMissingClock: 'fail',
}
const log = { info: () => {}, warning: (text: string) => console.error(text) }

/** What one drain of an idle clock took, ms. */
export interface Round {
  /** from the request sent to the gate open */
  readonly drainMs: number
  /** from the end of the hold, as after a push that failed, until the clock schedules */
  readonly resumeMs: number
}

/** A deployer's connection and a clock that has nothing to do. */
export interface DrainScene extends AsyncDisposable {
  /** @returns ms of one PING on the deployer's link */
  ping(): Promise<number>
  drain(): Promise<Round>
}

/** @param urls of the one server, as each of them reaches it */
export async function openDrainScene(urls: {
  readonly deployer: string
  readonly clock: string
}): Promise<DrainScene> {
  const client = createClient(
    parseRedisUrl(urls.deployer),
    { verify: false },
    { commandTimeoutMs: 5_000, silentLinkMs: 4_000, retryDelay: () => 20 },
  )
  await client.connect()
  const keys = gateKeys('default')
  // One ear for all drains, as each deploy has one.
  let heard: () => void = () => {}
  const onMessage = () => heard()
  await listen(client, keys.reports, onMessage).began
  const around: Surroundings = {
    ...{ host: client, keys, time: systemTime, log, numbers: NUMBERS },
    async listen(onReport) {
      heard = onReport
      return true
    },
    signal: new AbortController().signal,
  }
  let resumed = Promise.withResolvers<void>()
  const handlers = { drain: () => ({}), resume: () => resumed.resolve() }
  const clock = { redisUrl: urls.clock, dyno: 'clock.1', handleSigterm: false, log }
  const { leave } = await join(handlers, clock)
  return {
    async ping() {
      const began = performance.now()
      await client.ping()
      return performance.now() - began
    },
    async drain() {
      resumed = Promise.withResolvers()
      const hold = await acquireGate(around, newDeployId(), TERMS, { name: 'bench' }, '')
      await hold.drained()
      await hold.commit()
      const drainMs = hold.elapsedMs
      const began = performance.now()
      const ended = hold[Symbol.asyncDispose]()
      await resumed.promise
      const resumeMs = performance.now() - began
      await ended
      return { drainMs, resumeMs }
    },
    async [Symbol.asyncDispose]() {
      await leave()
      client.disconnect()
    },
  }
}
