/**
 * How long each script keeps the server from everybody else: `node --import ./test/support/lua-text.mjs bench/crowd/scripts.ts [rows …]`.
 * Median and longest of 20 runs each, in ms of the server's own count, for rosters of so many participants.
 */
import { Redis } from 'ioredis'
import { beat } from '../../src/protocol/beat.ts'
import { commit } from '../../src/protocol/commit.ts'
import { acquire, finish } from '../../src/protocol/drain.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { look } from '../../src/protocol/look.ts'
import type { OwnRow } from '../../src/protocol/row.ts'
import { startRedis } from '../../test/support/redis/redis-server.ts'

const RUNS = 20
const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 100, 1_000, 3_000]
const keys = gateKeys('default')
const server = await startRedis({
  appendonly: false,
  config: ['slowlog-log-slower-than 0', 'slowlog-max-len 10'],
})
const redis = new Redis(server.url)
console.log(
  'rows | acquire | look | commit | beat | beat that looks for a newer one | beat after that | first beat that tidies up',
)
for (const rows of sizes) {
  const took: number[][] = Array.from({ length: 7 }, () => [])
  for (let run = 0; run < RUNS; run++) {
    await redis.flushall()
    await Promise.all(Array.from({ length: rows }, (_, at) => tell(at, {}, true)))
    // Rows of a size at which the next first beat tidies up.
    const more = rows < 64 ? 0 : 63 - (rows % 64)
    await Promise.all(Array.from({ length: more }, (_, at) => tell(rows + at, {}, true)))
    const asked = new Map([['clock', rows]])
    const request = {
      id: 'd',
      leaseMs: 60_000,
      notAfter: Number.MAX_SAFE_INTEGER,
      asker: '{}',
      replaces: 'v42',
      asked,
    }
    const answer = await timed(0, () => acquire(redis, keys, request))
    if (answer.kind !== 'granted') throw new Error(answer.kind)
    const { epoch } = answer
    const held = { state: 'drained', epoch, hold: Date.now() + 50_000 } as const
    await Promise.all(Array.from({ length: rows + more }, (_, at) => tell(at, held)))
    await timed(1, () => look(redis, keys))
    const terms = { marginMs: 30_000, pushLeaseMs: 180_000, asked }
    const opened = await timed(2, () => commit(redis, keys, { id: 'd', epoch }, terms))
    if (opened.kind !== 'granted') throw new Error(JSON.stringify(opened).slice(0, 300))
    await timed(3, () => tell(0, held))
    await finish(redis, keys, { id: 'd', epoch }, 'released')
    await timed(4, () => tell(0, held))
    await timed(5, () => tell(0, held))
    await timed(6, () => tell(rows + more, {}, true))
  }

  console.log(`${rows} | ${took.map((each) => `${median(each)} / ${Math.max(...each) / 1_000}`).join(' | ')}`)

  async function timed<T>(at: number, work: () => Promise<T>): Promise<T> {
    await redis.slowlog('RESET')
    const result = await work()
    const entries = (await redis.slowlog('GET', 10)) as [number, number, number, string[]][]
    took[at]?.push(
      ...entries
        .filter(([, , , [name]]) => /^eval/i.test(name ?? ''))
        .map(([, , usec]) => usec)
        .slice(0, 1),
    )
    return result
  }
}
redis.disconnect()
await server.stop()

function tell(at: number, over: Partial<OwnRow>, first = false) {
  const row = {
    v: '1',
    type: 'clock',
    dyno: `clock.${at}`,
    release: 'v42',
    state: 'running',
    running: 0,
    finished: 0,
    stored: 0,
    note: 'export of 12:05',
    ...over,
  } as const
  return beat(redis, keys, `clock.${at}#0b7e0000-0000-4000-8000-000000000000`, row, 25_000, first)
}

function median(each: readonly number[]): number {
  return ([...each].sort((a, b) => a - b)[Math.floor(each.length / 2)] ?? 0) / 1_000
}
