// What every Node app under trial schedules: a tick, which runs a job if Redis holds one. See docs/conformance.md.
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

export const GATE = process.env.DEPLOY_GATE_NAME || 'default'
export const GATED = process.env.NO_GATE !== '1'
const COUNTS = `deploy-gate:{${GATE}}:trial`
const JOBS = `${COUNTS}:jobs`
const never = new AbortController().signal

export const redis = new Redis(process.env.REDIS_URL, {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  lazyConnect: true,
  tls: process.env.REDIS_URL.startsWith('rediss:') ? { rejectUnauthorized: false } : undefined,
})
redis.on('error', () => {})
/** The clock does not wait for it: it takes part without a Redis, too. */
export const connecting = redis.connect().catch(() => {})

/** At once, also from a thread that is ended right after it. */
export function say(line) {
  writeSync(1, `${line}\n`)
}

/**
 * @param stopping aborts when jobs must be put away
 * @returns how its job ended, `finished` or `stored`; undefined: there was none
 */
export async function tick(stopping = never) {
  let length
  try {
    await redis.hincrby(COUNTS, 'ticks', 1)
    // It would take up what another has just put away.
    if (stopping.aborted) return undefined
    length = await redis.rpop(JOBS)
  } catch {
    return undefined
  }
  if (length === null) return undefined
  await redis.hincrby(COUNTS, 'started', 1)
  say('job started')
  const end = performance.now() + Number(length)
  await sleep(Number(length), undefined, { signal: stopping }).catch(() => {})
  const left = Math.round(end - performance.now())
  const how = left > 0 && stopping.aborted ? 'stored' : 'finished'
  if (how === 'stored') await redis.lpush(JOBS, left)
  await redis.hincrby(COUNTS, how, 1)
  say(`job ${how}`)
  return how
}

/** A tick under a guard of functions or workers. */
export async function guardedTick(guard) {
  if ((await tick(guard?.stopping)) === 'stored') guard?.stored()
}
