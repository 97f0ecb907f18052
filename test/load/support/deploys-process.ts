// A thousand deploys of one app in one process: its participants, and a deployer after another. Started by deploys.test.ts, which
// learns of it only what it measured. Arguments: how many deploys, and after which of them to measure.
import { getEventListeners } from 'node:events'
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { acquireGate, newDeployId } from '../../../src/gate/gate.ts'
import type { DrainTerms } from '../../../src/gate/terms.ts'
import { DeployError } from '../../../src/outcome.ts'
import type { DrainContext } from '../../../src/participant/handlers.ts'
import { type Entry, enter } from '../../../src/participant/join.ts'
import { openLink } from '../../../src/participant/link.ts'
import { NUMBERS } from '../../../src/participant/numbers.ts'
import { Participant } from '../../../src/participant/participant.ts'
import { gateKeys } from '../../../src/protocol/keys.ts'
import { parseRedisUrl } from '../../../src/redis/address.ts'
import { systemTime } from '../../../src/time.ts'
import { openGate } from './deployer.ts'

/** How a deploy ends. */
const ENDINGS = ['released', 'aborted', 'refused', 'forced'] as const
type Ending = (typeof ENDINGS)[number]

/** What must not grow. */
export interface Measure {
  readonly deploys: number
  readonly heapBytes: number
  readonly files: number
  /** what keeps the event loop busy, each so often */
  readonly resources: Readonly<Record<string, number>>
  readonly abortListeners: number
  readonly processListeners: number
  readonly connections: number
  /** key → fields and bytes */
  readonly keys: Readonly<Record<string, readonly [fields: number, bytes: number]>>
}

export interface Told {
  readonly measures: readonly Measure[]
  /** what the apps' handlers were told, each so often */
  readonly clock: Readonly<Record<string, number>>
  readonly workers: Readonly<Record<string, number>>
  /** Node's warnings and the gate's */
  readonly warnings: readonly string[]
}

const [count, ...measureAfter] = process.argv.slice(2).map(Number) as [number, ...number[]]
const url = process.env.REDIS_URL ?? ''
const redis = new Redis(url, { connectionName: 'watcher' })
const keys = gateKeys('default')
const warnings: string[] = []
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`))
const log = { info: () => {}, warning: (line: string) => void warnings.push(line) }
const participantLog = {
  info: () => {},
  // That is what is asked of it in one deploy of four.
  warning: (line: string) =>
    void (line.includes('so this deploy is refused: not now') || warnings.push(line)),
}
const cancel = new AbortController()

let ending: Ending = 'aborted'
const clockTold: Record<string, number> = {}
const workersTold: Record<string, number> = {}
const tell = (whom: Record<string, number>, what: string) => {
  whom[what] = (whom[what] ?? 0) + 1
}

/** It lives through all the deploys: after a release for which nobody new comes it goes on by itself, only sooner than after 90 s. */
const clock = (() => {
  const handlers = {
    drain: async ({ signal, report }: DrainContext) => {
      tell(clockTold, 'drain')
      if (ending === 'refused') throw new Error('not now')
      report({ running: 1 })
      if (ending !== 'forced') return { finished: 1 }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      tell(clockTold, 'force')
      return { stored: 1 }
    },
    resume: () => tell(clockTold, 'resume'),
  }
  const link = openLink(parseRedisUrl(url), { verify: true }, keys.doorbell, participantLog, () =>
    participant.ring(),
  )
  const participant = new Participant({ id: 'clock.1#all', dyno: 'clock.1', type: 'clock' }, handlers, {
    host: link.host,
    deaf: () => link.deaf,
    keys,
    time: systemTime,
    log: participantLog,
    numbers: { ...NUMBERS, quietAfterReleaseMs: 20, quietBeatMs: 10 },
  })
  return { participant, link }
})()

/** It is replaced by each release, as a dyno is. */
function bootWorker(): Entry {
  const handlers = {
    drain: () => {
      tell(workersTold, 'drain')
      return { finished: 1 }
    },
    resume: () => tell(workersTold, 'resume'),
    leave: () => tell(workersTold, 'leave'),
  }
  return enter(handlers, { redisUrl: url, dyno: 'worker.1', log: participantLog })
}

let worker = bootWorker()
await Promise.all([clock.participant.start(), worker.start()])
const measures: Measure[] = []
for (let at = 1; at <= count; at++) {
  ending = ENDINGS[at % ENDINGS.length] as Ending
  await deploy()
  // What is under way at the moment of measuring is the same each time.
  await until(
    'both schedule again',
    () => clock.participant.state === 'running' && worker.participation.state === 'running',
  )
  if (measureAfter.includes(at)) measures.push(await measure(at))
}
await Promise.all([clock.participant.leave(), worker.participation.leave()])
clock.link.close()
redis.disconnect()
const told: Told = { measures, clock: clockTold, workers: workersTold, warnings }
process.send?.(told)
process.disconnect?.()

async function deploy(): Promise<void> {
  const terms: DrainTerms = {
    asked: ['clock', 'worker'].map((type) => ({ type, atLeast: 1, demanded: false })),
    acknowledgeTimeoutMs: 60_000,
    drainTimeoutMs: ending === 'forced' ? 1 : 60_000,
    onDrainTimeout: 'force',
    onMissingClock: 'fail',
  }
  const itsLog = {
    info: log.info,
    warning: (line: string) => {
      if (!(ending === 'forced' && line.startsWith('Not drained within'))) log.warning(line)
    },
  }
  await using gate = await openGate(url, itsLog, cancel.signal)
  try {
    await using hold = await acquireGate(gate.around, newDeployId(), terms, { name: 'deploy' }, '')
    await hold.drained()
    await hold.commit()
    if (ending !== 'released') return
    const old = worker
    worker = bootWorker()
    await worker.start()
    await hold.release()
    await hold.successor(0, 'v1').catch(() => [])
    await old.participation.leave()
    await forget(old.participation.id)
  } catch (error) {
    if (!(ending === 'refused' && error instanceof DeployError && error.outcome === 'refused')) throw error
  }
}

/** Ten minutes pass for the row of one that has ended: the next deploy removes it. */
async function forget(id: string): Promise<void> {
  const row = JSON.parse((await redis.hget(keys.roster, id)) ?? '{}')
  await redis.hset(keys.roster, id, JSON.stringify({ ...row, until: row.until - 600_001 }))
}

async function measure(deploys: number): Promise<Measure> {
  // A connection that was closed is gone from the server's list a moment later.
  await until('only the two participants are connected', async () => (await connections()) === 2)
  let resources = busy()
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.()
    await delay(20)
    // A timer that is about to end is none that was left behind.
    if (process.getActiveResourcesInfo().length < total(resources)) resources = busy()
  }
  const sizes: Record<string, [number, number]> = {}
  for (const key of (await redis.keys('*')).sort()) {
    const fields = (await redis.type(key)) === 'hash' ? await redis.hlen(key) : 0
    sizes[key] = [fields, Number(await redis.memory('USAGE', key, 'SAMPLES', 0))]
  }
  return {
    deploys,
    heapBytes: process.memoryUsage().heapUsed,
    files: readdirSync('/dev/fd').length,
    resources,
    abortListeners: getEventListeners(cancel.signal, 'abort').length,
    processListeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    connections: await connections(),
    keys: sizes,
  }
}

/** of the gate */
async function connections(): Promise<number> {
  return String(await redis.client('LIST')).match(/ name=deploy-gate /g)?.length ?? 0
}

/** What keeps the event loop busy, each so often. */
function busy(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, each) => sum + each, 0)
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const from = performance.now()
  while (!(await condition())) {
    if (performance.now() - from > 60_000) throw new Error(`it never came that ${what}`)
    await delay(2)
  }
}
