/**
 * How long it takes from the request until the gate is open, with a clock that is idle, and until that clock works again after a push that
 * failed: `script/bench drain [--json]`. Beside it, in the same run: a PING on the same link, and a clock that polls a list.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { acquireGate, newDeployId, type Surroundings } from '../../src/gate/gate.ts'
import { NUMBERS } from '../../src/gate/numbers.ts'
import type { DrainTerms } from '../../src/gate/terms.ts'
import { join } from '../../src/participant/join.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { createClient } from '../../src/redis/client.ts'
import { listen } from '../../src/redis/listen.ts'
import { systemTime } from '../../src/time.ts'
import { startRedis } from '../../test/support/redis/redis-server.ts'
import { against, median, print } from '../figure.ts'
import { askPoller, startPoller } from './poller.ts'

const ROUNDS = 300
const POLLS = 20
const TERMS: DrainTerms = {
  asked: [{ type: 'clock', atLeast: 1, demanded: false }],
  acknowledgeTimeoutMs: 30_000,
  drainTimeoutMs: 30_000,
  onDrainTimeout: 'fail',
  onMissingClock: 'fail',
}
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const quietLog = { info: () => {}, warning: (line: string) => console.error(line) }

const server = await startRedis({ appendonly: false })
const address = { host: '127.0.0.1', port: server.port, tls: false, db: 0 } as const
const client = createClient(
  address,
  { verify: true },
  { commandTimeoutMs: 5_000, silentLinkMs: 4_000, retryDelay: () => 20 },
)
await client.connect()
const keys = gateKeys('default')
// One ear for all rounds, as each deploy has one.
let heard: () => void = () => {}
const ear = listen(
  client,
  keys.reports,
  () => heard(),
  () => {},
)
await ear.began
const around: Surroundings = {
  host: client,
  keys,
  async listen(onReport) {
    heard = onReport
    return true
  },
  time: systemTime,
  log: quietLog,
  numbers: NUMBERS,
  signal: new AbortController().signal,
}
let resumed = Promise.withResolvers<void>()
const handlers = { drain: () => ({}), resume: () => resumed.resolve() }
const { leave } = await join(handlers, {
  ...{ redisUrl: server.url, dyno: 'clock.1', handleSigterm: false, log: quietLog },
})

const [pings, drains, resumes]: [number[], number[], number[]] = [[], [], []]
for (let round = 0; round < ROUNDS; round++) {
  let began = performance.now()
  await client.ping()
  pings.push(performance.now() - began)
  resumed = Promise.withResolvers()
  began = performance.now()
  const hold = await acquireGate(around, newDeployId(), TERMS, { name: 'bench' }, '')
  await hold.drained()
  await hold.commit()
  drains.push(performance.now() - began)
  began = performance.now()
  const ended = hold[Symbol.asyncDispose]()
  await resumed.promise
  resumes.push(performance.now() - began)
  await ended
}
await leave()

const [clock, deploy] = [new Redis(server.url), new Redis(server.url)]
const polls: number[] = []
{
  using _ = startPoller(clock, 'request', 'response')
  for (let poll = 0; poll < POLLS; poll++) {
    polls.push(await askPoller(deploy, 'request', 'response'))
    // A deploy comes at any time between two looks.
    await sleep((3_000 * ((poll * 7) % POLLS)) / POLLS)
  }
}
for (const connection of [client, clock, deploy]) connection.disconnect()
await server.stop()

const ping = rounded(median(pings))
const [p50, p99] = [rounded(median(drains)), rounded(percentile(drains, 0.99))]
const mean = rounded(polls.reduce((sum, one) => sum + one, 0) / polls.length)
print(
  [
    against('drain of an idle clock, p50, by a PING', 'ms', { value: p50, baseline: ping }, 6),
    against('its p99, by its p50', 'ms', { value: p99, baseline: p50 }, 3),
    against('its p50, by the mean of a clock that polls', 'ms', { value: p50, baseline: mean }, 0.0033),
    against(
      'resume after a failed push, p99, by the drain',
      'ms',
      { value: rounded(percentile(resumes, 0.99)), baseline: p50 },
      2,
    ),
  ],
  values.json,
)

function percentile(times: readonly number[], part: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
