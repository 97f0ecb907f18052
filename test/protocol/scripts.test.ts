import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type BeatReply, beat } from '../../src/protocol/beat.ts'
import { commit } from '../../src/protocol/commit.ts'
import { acquire, finish, force, renew } from '../../src/protocol/drain.ts'
import { isAbove } from '../../src/protocol/epoch.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { look } from '../../src/protocol/look.ts'
import type { OwnRow } from '../../src/protocol/row.ts'
import { createClient } from '../../src/redis/client.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'

const keys = gateKeys('default')
const MARGIN_MS = 30_000
let server: RedisServer
let redis: Redis

beforeAll(async () => {
  server = await startRedis()
  const address = { host: '127.0.0.1', port: server.port, tls: false, db: 0 }
  redis = createClient(
    address,
    { verify: true },
    { commandTimeoutMs: 5_000, silentLinkMs: 5_000, retryDelay: () => null },
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

const request = {
  leaseMs: 60_000,
  notAfter: Number.MAX_SAFE_INTEGER,
  asker: '{"name":"test"}',
  replaces: '',
  asked: new Map([['clock', 1]]),
}
const ask = (id: string, over: Partial<typeof request> = {}) =>
  acquire(redis, keys, { id, ...request, ...over })
const terms = { marginMs: MARGIN_MS, pushLeaseMs: 180_000, asked: request.asked }
const open = (id: string, epoch: string, over: Partial<Parameters<typeof commit>[3]> = {}) =>
  commit(redis, keys, { id, epoch }, { ...terms, ...over })

async function granted(id: string, over: Partial<typeof request> = {}): Promise<string> {
  const answer = await ask(id, over)
  if (answer.kind !== 'granted') throw new Error(`not granted: ${JSON.stringify(answer)}`)
  return answer.epoch
}

/** A participant that does what it is told, by hand. */
function participant(dyno = 'clock.1', id = `${dyno}#a`, fixed: Partial<OwnRow> = {}) {
  let first = true
  const self = {
    id,
    async beat(over: Partial<OwnRow> = {}, everyMs = 3_000): Promise<BeatReply> {
      const row: OwnRow = {
        v: '1',
        type: 'clock',
        dyno,
        state: 'running',
        running: 0,
        finished: 0,
        stored: 0,
        ...fixed,
        ...over,
      }
      const reply = await beat(redis, keys, id, row, everyMs, first)
      first = false
      return reply
    },
    async drain(): Promise<BeatReply> {
      const { epoch, expiry } = await self.beat()
      return self.beat({ state: 'drained', epoch, hold: expiry })
    },
  }
  return self
}

/** Makes the participant one that has not been heard of for a minute. */
async function silence(id: string): Promise<void> {
  const row = JSON.parse((await redis.hget(keys.roster, id)) ?? '{}')
  await redis.hset(
    keys.roster,
    id,
    JSON.stringify({
      ...row,
      seen: row.seen - 70_000,
      until: row.seen - 60_000,
      joined: row.joined - 70_000,
    }),
  )
}
const lapse = () => redis.hset(keys.intent, 'expiry', '1')

describe('acquire', () => {
  it('is answered alike when it is executed twice', async () => {
    const once = await granted('a')
    const state = await redis.hgetall(keys.intent)
    expect(await granted('a')).toBe(once)
    expect(await redis.hgetall(keys.intent)).toEqual(state)
  })

  it('says who holds the gate', async () => {
    await granted('a')
    expect(await ask('b')).toMatchObject({ kind: 'busy', asker: '{"name":"test"}', phase: 'draining' })
  })

  it('does not revive a drain that is over', async () => {
    const epoch = await granted('a')
    await finish(redis, keys, { id: 'a', epoch }, 'aborted')
    expect(await ask('a')).toEqual({ kind: 'done', phase: 'aborted' })
    await granted('b')
    await lapse()
    expect(await ask('b')).toEqual({ kind: 'done', phase: 'lapsed' })
  })

  it('asks nobody when it arrives too late', async () => {
    expect(await ask('a', { notAfter: 1 })).toEqual({ kind: 'late' })
    expect(await redis.exists(keys.intent)).toBe(0)
  })

  it('takes over from a deployer whose lease lapsed', async () => {
    const before = await granted('a')
    await lapse()
    expect(isAbove(await granted('b'), before)).toBe(true)
  })

  it.each([
    ['the epoch key', () => redis.del(keys.epoch)],
    ['everything but the roster', () => redis.del(keys.epoch, keys.intent)],
    ['everything', () => redis.flushall()],
  ])('gives out a higher epoch after Redis lost %s', async (_, lose) => {
    const before = await granted('a')
    const clock = participant()
    await clock.drain()
    await finish(redis, keys, { id: 'a', epoch: before }, 'aborted')
    await lose()
    expect(isAbove(await granted('b'), before)).toBe(true)
  })

  it('goes above every epoch that is known, also when the server went back in time', async () => {
    const future = '4000000000000000'
    await redis.set(keys.epoch, future)
    expect(await granted('a')).toBe('4000000000000001')
    await redis.del(keys.intent, keys.epoch)
    await participant().beat({ state: 'drained', epoch: '4100000000000000' })
    expect(await granted('b')).toBe('4100000000000001')
  })

  it('targets live participants of the asked types', async () => {
    await participant('clock.1').beat()
    await participant('worker.1', 'worker.1#a', { type: 'worker' }).beat()
    await participant('clock.2').beat({ state: 'exited' })
    const dead = participant('clock.3')
    await dead.beat()
    await silence(dead.id)
    await granted('a')
    expect((await look(redis, keys)).intent?.targets).toEqual(['clock.1#a'])
  })

  it('is refused by the intent of a newer protocol that is in force', async () => {
    await granted('a')
    await redis.hset(keys.intent, 'v', '2')
    expect(await ask('b')).toEqual({ kind: 'version', theirs: '2' })
  })

  it('of another version addresses nobody, and a beat says which one it is', async () => {
    await participant().beat()
    await granted('a')
    await redis.hset(keys.intent, 'v', '2')
    const answer = await participant().beat()
    expect(answer).toMatchObject({ version: '2', addressed: false, epoch: '', phase: '', leftMs: 0 })
  })

  it('gets by a roster with rows that are none', async () => {
    await redis.hset(keys.roster, {
      'x#1': 'no json',
      'x#2': '[]',
      'x#3': '{"type":1}',
      'x#4': '"text"',
      'x#5': '{"epoch":"1e999"}',
    })
    await participant().drain()
    await granted('a')
    expect((await look(redis, keys)).rows.map(({ id }) => id)).toEqual(['clock.1#a'])
  })
})

describe('renew', () => {
  it('extends and never shortens', async () => {
    const epoch = await granted('a')
    expect(await renew(redis, keys, { id: 'a', epoch }, 1_000)).toMatchObject({ kind: 'renewed' })
    const { intent, now } = await look(redis, keys)
    expect((intent?.expiry ?? 0) - now).toBeGreaterThan(50_000)
    await renew(redis, keys, { id: 'a', epoch }, 180_000)
    expect(((await look(redis, keys)).intent?.expiry ?? 0) - now).toBeGreaterThan(170_000)
  })

  it.each<[string, (epoch: string) => Promise<unknown>, string]>([
    ['missing', () => redis.del(keys.intent), 'missing'],
    ['lapsed', lapse, 'lapsed'],
    ['finished', (epoch) => finish(redis, keys, { id: 'a', epoch }, 'released'), 'finished'],
    ['taken over', () => lapse().then(() => granted('b')), 'superseded'],
  ])('does not revive a drain that is %s', async (_, end, why) => {
    const epoch = await granted('a')
    await end(epoch)
    const before = await redis.hgetall(keys.intent)
    expect(await renew(redis, keys, { id: 'a', epoch }, 60_000)).toMatchObject({ kind: 'lost', why })
    expect(await redis.hgetall(keys.intent)).toEqual(before)
  })
})

describe('beat', () => {
  it('addresses a target, and says how long the lease is', async () => {
    const clock = participant()
    expect(await clock.beat()).toMatchObject({ epoch: '', phase: '', addressed: false, leftMs: 0 })
    const epoch = await granted('a')
    const reply = await clock.beat()
    expect(reply).toMatchObject({ epoch, phase: 'draining', addressed: true, force: false })
    expect(reply.leftMs).toBe(reply.expiry - reply.now)
    expect(reply.leftMs).toBeGreaterThan(50_000)
  })

  it('addresses whoever boots while the drain waits', async () => {
    await granted('a')
    expect(await participant('clock.9').beat({ state: 'booting' })).toMatchObject({
      addressed: true,
      phase: 'draining',
    })
  })

  it('leaves alone who was not asked', async () => {
    await granted('a')
    expect(await participant('web.1', 'web.1#a', { type: 'web' }).beat()).toMatchObject({ addressed: false })
  })

  it('never addresses anybody for a drain that is over', async () => {
    await granted('a')
    await lapse()
    expect(await participant().beat({ state: 'booting' })).toMatchObject({
      addressed: false,
      phase: 'lapsed',
      leftMs: 0,
    })
  })

  it('leaves a new boot alone during the push, and marks it as the successor', async () => {
    const old = participant()
    await old.beat()
    const epoch = await granted('a', { replaces: 'v42' })
    await old.drain()
    await open('a', epoch)
    const fresh = participant('clock.1', 'clock.1#b')
    expect(await fresh.beat({ state: 'booting' })).toMatchObject({ addressed: false, phase: 'pushing' })
    await fresh.beat()
    const row = (await look(redis, keys)).rows.find(({ id }) => id === fresh.id)
    expect(row).toMatchObject({ after: epoch, state: 'running' })
  })

  it('holds a boot of the replaced release during the push', async () => {
    const old = participant()
    await old.beat()
    const epoch = await granted('a', { replaces: 'v42' })
    await old.drain()
    await open('a', epoch)
    const again = participant('clock.1', 'clock.1#b', { release: 'v42' })
    expect(await again.beat({ state: 'booting' })).toMatchObject({ addressed: true, phase: 'pushing' })
    expect((await look(redis, keys)).rows.find(({ id }) => id === again.id)?.after).toBeUndefined()
  })

  it('does not take a participant for a successor that only comes back', async () => {
    const old = participant()
    await old.drain()
    const epoch = await granted('a')
    await old.drain()
    await open('a', epoch)
    await redis.del(keys.roster)
    await old.beat({ state: 'drained', epoch })
    expect((await look(redis, keys)).rows[0]?.after).toBeUndefined()
  })

  it('tells an old participant after a release whether a newer one is there', async () => {
    const old = participant()
    await old.beat()
    const epoch = await granted('a')
    await old.drain()
    await open('a', epoch)
    await finish(redis, keys, { id: 'a', epoch }, 'released')
    expect(await old.beat({ state: 'drained', epoch })).toMatchObject({ phase: 'released', newer: false })
    await participant('clock.1', 'clock.1#b').beat({ state: 'booting' })
    expect(await old.beat({ state: 'drained', epoch })).toMatchObject({ newer: true })
  })

  it('refuses a row that is too large', async () => {
    await expect(participant().beat({ note: 'x'.repeat(5_000) })).rejects.toThrow(/ROWSIZE/)
  })

  it('forgets participants that have long been gone', async () => {
    const gone = participant('clock.7')
    await gone.beat()
    const row = JSON.parse((await redis.hget(keys.roster, gone.id)) ?? '{}')
    await redis.hset(keys.roster, gone.id, JSON.stringify({ ...row, until: row.seen - 600_001 }))
    await participant('clock.8').beat()
    expect(await redis.hkeys(keys.roster)).toEqual(['clock.8#a'])
  })
})

describe('commit', () => {
  it('names a participant of another version, whatever it says', async () => {
    const stranger = participant()
    await stranger.beat()
    const epoch = await granted('a')
    const { expiry } = await stranger.beat()
    await stranger.beat({ v: '2', state: 'drained', epoch, hold: expiry })
    expect(await open('a', epoch)).toMatchObject({
      blockers: expect.arrayContaining([
        { why: 'version', dyno: 'clock.1', type: 'clock', detail: '2', id: stranger.id },
      ]),
    })
  })

  it('opens when everybody is held long enough, and extends the lease in the same step', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    await clock.drain()
    const answer = await open('a', epoch)
    expect(answer.kind === 'granted' && answer.leftMs).toBe(180_000)
    expect((await look(redis, keys)).intent?.phase).toBe('pushing')
    expect(await open('a', epoch)).toMatchObject({ kind: 'granted' })
  })

  it('executed again, is granted as long as everybody is held, and extends nothing', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    await clock.drain()
    await open('a', epoch)
    const once = (await look(redis, keys)).intent
    expect(await open('a', epoch)).toMatchObject({ kind: 'granted' })
    expect((await look(redis, keys)).intent).toEqual(once)
  })

  it('executed again after its reply was lost for long, is refused when a hold has run out meanwhile', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    await clock.drain()
    expect(await open('a', epoch)).toMatchObject({ kind: 'granted' })
    // Cut off since then: it has resumed by its own clock, and its row still says drained.
    const row = JSON.parse((await redis.hget(keys.roster, clock.id)) ?? '{}')
    await redis.hset(keys.roster, clock.id, JSON.stringify({ ...row, hold: row.seen }))
    expect(await open('a', epoch)).toMatchObject({
      blockers: expect.arrayContaining([expect.objectContaining({ why: 'short-hold', id: clock.id })]),
    })
    await silence(clock.id)
    expect(await open('a', epoch)).toMatchObject({
      blockers: expect.arrayContaining([expect.objectContaining({ why: 'silent', id: clock.id })]),
    })
    // Whoever chose to open it over those who are not drained has the same answer twice.
    expect(await open('a', epoch, { anyway: true })).toMatchObject({ kind: 'granted' })
  })

  const blocked = async (epoch: string) => {
    const answer = await open('a', epoch)
    if (answer.kind !== 'blocked') throw new Error(`not blocked: ${JSON.stringify(answer)}`)
    expect((await look(redis, keys)).intent?.phase).toBe('draining')
    return answer.blockers.map(({ why, dyno, type, detail }) => [why, dyno || type, detail])
  }

  it('stays shut while a participant has not answered', async () => {
    await participant().beat({ running: 2 })
    expect(await blocked(await granted('a'))).toEqual([
      ['unanswered', 'clock.1', '2'],
      ['too-few', 'clock', '0/1'],
    ])
  })

  it('stays shut while a participant is draining', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    await clock.beat({ state: 'draining', epoch, running: 1 })
    expect((await blocked(epoch))[0]).toEqual(['draining', 'clock.1', '1'])
  })

  it('stays shut for an acknowledgement of another epoch', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    await clock.beat({
      state: 'drained',
      epoch: String(BigInt(epoch) - 1n),
      hold: Number.MAX_SAFE_INTEGER / 2,
    })
    expect((await blocked(epoch))[0]?.[0]).toBe('unanswered')
  })

  it('stays shut when a hold does not last for the margin', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    const { now } = await clock.beat()
    await clock.beat({ state: 'drained', epoch, hold: now + MARGIN_MS - 1 })
    expect((await blocked(epoch))[0]?.slice(0, 2)).toEqual(['short-hold', 'clock.1'])
  })

  it('stays shut when a target fell silent', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    await clock.drain()
    await silence(clock.id)
    expect((await blocked(epoch))[0]?.slice(0, 2)).toEqual(['silent', 'clock.1'])
  })

  it('stays shut when a target is gone from the roster', async () => {
    await participant('clock.1').beat()
    const other = participant('clock.2')
    await other.beat()
    const epoch = await granted('a')
    await other.drain()
    await redis.hdel(keys.roster, 'clock.1#a')
    expect(await blocked(epoch)).toEqual([
      ['gone', 'clock.1', ''],
      ['too-few', 'clock', '1/2'],
    ])
  })

  it('stays shut when there are fewer than asked for, though all that are there are held', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    await clock.drain()
    const answer = await open('a', epoch, { asked: new Map([['clock', 2]]) })
    expect(answer).toMatchObject({ kind: 'blocked', blockers: [{ why: 'too-few', detail: '1/2' }] })
  })

  it('stays shut after the roster was lost', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    await clock.drain()
    await redis.del(keys.roster)
    expect((await blocked(epoch)).map(([why]) => why)).toEqual(['gone', 'too-few'])
  })

  it('opens for the next boot of a dyno that died, and not before it is held', async () => {
    const dead = participant()
    await dead.beat()
    const epoch = await granted('a')
    await dead.beat({ state: 'draining', epoch, running: 1 })
    await silence(dead.id)
    const next = participant('clock.1', 'clock.1#b')
    const { expiry } = await next.beat({ state: 'booting' })
    expect((await blocked(epoch)).map(([why]) => why)).toEqual(['unanswered', 'too-few'])
    await next.beat({ state: 'drained', epoch, hold: expiry })
    expect(await open('a', epoch)).toMatchObject({ kind: 'granted' })
  })

  it('waits for the next boot of a dyno that ended', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    await clock.beat({ state: 'exited', epoch })
    expect(await blocked(epoch)).toEqual([['too-few', 'clock', '0/1']])
  })

  it('opens anyway when told so', async () => {
    await participant().beat({ running: 1 })
    const epoch = await granted('a')
    expect(await open('a', epoch, { anyway: true })).toMatchObject({ kind: 'granted' })
  })

  it('is nobody’s but the owner’s, and not after the lease', async () => {
    const epoch = await granted('a')
    expect(await open('b', epoch)).toMatchObject({ kind: 'lost', why: 'superseded' })
    await lapse()
    expect(await open('a', epoch)).toMatchObject({ kind: 'lost', why: 'lapsed' })
    await redis.del(keys.intent)
    expect(await open('a', epoch)).toMatchObject({ kind: 'lost', why: 'missing' })
  })
})

describe('force and finish', () => {
  it('force reaches the participants', async () => {
    const clock = participant()
    await clock.beat()
    const epoch = await granted('a')
    expect(await force(redis, keys, { id: 'a', epoch })).toEqual({ kind: 'forced' })
    expect(await clock.beat()).toMatchObject({ force: true })
    expect(await force(redis, keys, { id: 'b', epoch })).toMatchObject({ kind: 'lost', why: 'superseded' })
  })

  it('finish by anybody but the owner changes nothing', async () => {
    const epoch = await granted('a')
    const before = await redis.hgetall(keys.intent)
    expect(await finish(redis, keys, { id: 'b', epoch }, 'aborted')).toBe('not-ours')
    expect(await finish(redis, keys, { id: 'a', epoch: '1' }, 'aborted')).toBe('not-ours')
    expect(await redis.hgetall(keys.intent)).toEqual(before)
  })

  it('finish a second time changes nothing, whatever it says', async () => {
    const epoch = await granted('a')
    expect(await finish(redis, keys, { id: 'a', epoch }, 'released')).toBe('finished')
    const before = await redis.hgetall(keys.intent)
    expect(await finish(redis, keys, { id: 'a', epoch }, 'aborted')).toBe('already')
    expect(await redis.hgetall(keys.intent)).toEqual(before)
  })

  it('finish works by the id alone, for an owner that never learned its epoch', async () => {
    await granted('a')
    expect(await finish(redis, keys, { id: 'a', epoch: '' }, 'aborted')).toBe('finished')
  })
})

it('leaves no key with a time to live, nor any but its own', async () => {
  const clock = participant()
  await clock.beat()
  const epoch = await granted('a')
  await clock.drain()
  await open('a', epoch)
  await finish(redis, keys, { id: 'a', epoch }, 'released')
  const all = (await redis.keys('*')).sort()
  expect(all).toEqual([keys.epoch, keys.intent, keys.roster].sort())
  for (const key of all) expect(await redis.ttl(key)).toBe(-1)
})
