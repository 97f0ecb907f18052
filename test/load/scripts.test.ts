import { array, asyncProperty, check, constantFrom, integer, record } from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type BeatReply, beat } from '../../src/protocol/beat.ts'
import { commit } from '../../src/protocol/commit.ts'
import { acquire, finish } from '../../src/protocol/drain.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { look } from '../../src/protocol/look.ts'
import { isAlive, type OwnRow, type Row } from '../../src/protocol/row.ts'
import { createClient } from '../../src/redis/client.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'

vi.setConfig({ testTimeout: 120_000 })

const keys = gateKeys('default')
let server: RedisServer
let redis: Redis

beforeAll(async () => {
  server = await startRedis({ appendonly: false })
  redis = createClient(
    { host: '127.0.0.1', port: server.port, tls: false, db: 0 },
    { verify: true },
    { commandTimeoutMs: 60_000, silentLinkMs: 60_000, retryDelay: () => null },
  )
  await redis.connect()
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await redis.flushall()
})

interface Boot {
  readonly id: string
  beat(over?: Partial<OwnRow>): Promise<BeatReply>
}

function boot(name: string, type = 'clock', release?: string): Boot {
  let first = true
  const idle = { state: 'running', running: 0, finished: 0, stored: 0 } as const
  return {
    id: name,
    beat(over = {}) {
      const row = { v: '1', type, dyno: name, ...(release && { release }), ...idle, ...over }
      const reply = beat(redis, keys, name, row, 3_000, first)
      first = false
      return reply
    },
  }
}

/** A deploy that has just been released; returns its epoch. */
async function released(...types: string[]): Promise<string> {
  const asked = new Map(types.map((type) => [type, 1]))
  const request = {
    id: 'a',
    leaseMs: 60_000,
    notAfter: Number.MAX_SAFE_INTEGER,
    asker: '{}',
    replaces: 'v42',
    asked,
  }
  const answer = await acquire(redis, keys, request)
  if (answer.kind !== 'granted') throw new Error(`not granted: ${JSON.stringify(answer)}`)
  const owner = { id: 'a', epoch: answer.epoch }
  await commit(redis, keys, owner, { marginMs: 0, pushLeaseMs: 180_000, asked, anyway: true })
  await finish(redis, keys, owner, 'released')
  return answer.epoch
}

/** How often the server has read the whole roster. */
async function rosterReads(): Promise<number> {
  return Number(/cmdstat_hgetall:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0)
}

function crowd(count: number, prefix: string, release?: string): Boot[] {
  return Array.from({ length: count }, (_, at) => boot(`${prefix}.${at}`, 'clock', release))
}

it('who boots into a large roster does not read all of it, and rows are removed all the same', async () => {
  await Promise.all(crowd(200, 'gone').map((one) => one.beat()))
  const rows = await redis.hgetall(keys.roster)
  const aged = Object.entries(rows).map(([id, text]) => {
    const row = JSON.parse(text)
    return [id, JSON.stringify({ ...row, until: row.seen - 600_001 })]
  })
  await redis.hset(keys.roster, Object.fromEntries(aged))
  await redis.config('RESETSTAT')
  await Promise.all(crowd(800, 'new').map((one) => one.beat()))
  expect(await redis.hlen(keys.roster)).toBe(800)
  expect(await rosterReads()).toBeLessThanOrEqual(800 / 64 + 64)
})

it.each([
  ['nobody newer is there', undefined],
  ['somebody newer is there', 'v43'],
])('held ones do not read the whole roster at each beat while %s', async (_, release) => {
  const old = crowd(500, 'old', 'v42')
  await Promise.all(old.map((one) => one.beat()))
  const epoch = await released('clock')
  const newer = release === undefined ? undefined : boot('new', 'clock', release)
  await newer?.beat()
  await redis.config('RESETSTAT')
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(old.map((one) => one.beat({ state: 'drained', epoch })))
    expect(answers.filter((answer) => answer.newer)).toHaveLength(newer ? 500 : 0)
  }
  expect(await rosterReads()).toBe(1)
})

it('after a release each beat says what a look through the whole roster would', async () => {
  const kinds = [
    ['clock', undefined],
    ['clock', 'v41'],
    ['clock', 'v42'],
    ['clock', 'v43'],
    ['worker', 'v42'],
    ['worker', undefined],
  ] as const
  const event = record({
    who: integer({ min: 0, max: 2 * kinds.length - 1 }),
    does: constantFrom('beats', 'beats', 'beats', 'ends', 'falls silent', 'is forgotten'),
  })
  const seen = new Set<boolean>()
  await check(
    asyncProperty(array(event, { minLength: 10, maxLength: 60 }), async (events) => {
      await redis.flushall()
      // Those of the first half are there at the request, the others boot later, if ever.
      const all = [...kinds, ...kinds].map(([type, release], at) => ({
        type,
        release,
        boot: boot(`${type}.${at}`, type, release),
      }))
      for (const { boot } of all.slice(0, kinds.length)) await boot.beat()
      const epoch = await released('clock', 'worker')
      for (const { who, does } of events) {
        const one = all[who] as (typeof all)[number]
        if (does === 'is forgotten') await redis.hdel(keys.roster, one.boot.id)
        else if (does === 'falls silent') await silence(one.boot.id)
        else {
          const { addressed, newer } = await one.boot.beat(
            does === 'ends' ? { state: 'exited' } : { state: 'drained', epoch },
          )
          const { rows, now } = await look(redis, keys)
          const wanted =
            addressed &&
            rows.some((row) => row.id !== one.boot.id && isAlive(row, now) && isNewer(row, one, epoch))
          expect(newer).toBe(wanted)
          seen.add(newer)
        }
      }
    }),
    { numRuns: 300 },
  ).then((details) => {
    if (details.failed)
      throw new Error(JSON.stringify(details.counterexample), { cause: details.errorInstance })
  })
  expect(seen).toEqual(new Set([true, false]))
})

function isNewer(
  row: Row,
  { type, release }: { type: string; release: string | undefined },
  epoch: string,
): boolean {
  const number = (text: string | undefined) => Number(text?.slice(1) ?? Number.NaN)
  return row.type === type && (row.after === epoch || number(row.release) > number(release))
}

/** Makes its row one that was last heard of a minute ago. */
async function silence(id: string): Promise<void> {
  const row = JSON.parse((await redis.hget(keys.roster, id)) ?? 'null')
  if (row)
    await redis.hset(
      keys.roster,
      id,
      JSON.stringify({ ...row, seen: row.seen - 60_000, until: row.seen - 50_000 }),
    )
}
