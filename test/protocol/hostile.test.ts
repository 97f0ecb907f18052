import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { beat } from '../../src/protocol/beat.ts'
import { commit } from '../../src/protocol/commit.ts'
import { acquire, finish, force, renew } from '../../src/protocol/drain.ts'
import { isAbove } from '../../src/protocol/epoch.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { look } from '../../src/protocol/look.ts'
import { FORGOTTEN_MS, isAlive, type OwnRow } from '../../src/protocol/row.ts'
import { createClient } from '../../src/redis/client.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'

/** What stands in a gate's keys is the word of whoever can write there: it must not stop others, nor the gate for good, nor open it. */
const keys = gateKeys('default')
const ASKED = new Map([['clock', 1]])
let server: RedisServer
let redis: Redis
beforeAll(async () => {
  server = await startRedis()
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
beforeEach(async () => void (await redis.flushall()))

const ask = (id: string) =>
  acquire(redis, keys, {
    ...{ id, leaseMs: 60_000, notAfter: Number.MAX_SAFE_INTEGER, asker: '{}', replaces: '', asked: ASKED },
  })
const open = (owner: { id: string; epoch: string }) =>
  commit(redis, keys, owner, { marginMs: 30_000, pushLeaseMs: 180_000, asked: ASKED })
const honest = (over: Partial<OwnRow> = {}) =>
  beat(
    redis,
    keys,
    'clock.1#honest',
    {
      ...{ v: '1', type: 'clock', dyno: 'clock.1', state: 'running', running: 0, finished: 0, stored: 0 },
      ...over,
    },
    3_000,
    false,
  )

async function granted(id: string): Promise<string> {
  const answer = await ask(id)
  if (answer.kind !== 'granted') throw new Error(`not granted: ${JSON.stringify(answer)}`)
  return answer.epoch
}

/** One whole drain beside the row of `x#hostile`, from a running participant to a finished deploy, and the next one. */
async function drainBeside(plant: (epoch: string) => Promise<unknown>): Promise<void> {
  await plant('0')
  await honest()
  const epoch = await granted('a')
  const owner = { id: 'a', epoch }
  await plant(epoch)
  const view = await look(redis, keys)
  expect(view.rows.map(({ id }) => id)).toContain('clock.1#honest')
  for (const row of view.rows) expect(row.until).toBeLessThanOrEqual(view.now + 2 * FORGOTTEN_MS)
  expect((await open(owner)).kind).toBe('blocked')
  const { epoch: told, expiry } = await honest({ state: 'draining', running: 1, epoch })
  expect(told).toBe(epoch)
  expect((await open(owner)).kind).toBe('blocked')
  expect((await renew(redis, keys, owner, 60_000)).kind).toBe('renewed')
  expect((await force(redis, keys, owner)).kind).toBe('forced')
  await honest({ state: 'drained', epoch, hold: expiry })
  const answer = await open(owner)
  // Who claims to be alive may keep the gate shut, as long as that can be true.
  if (answer.kind === 'blocked') expect(answer.blockers.map(({ id }) => id)).not.toContain('clock.1#honest')
  expect(await finish(redis, keys, owner, 'aborted')).toBe('finished')
  expect(isAbove(await granted('b'), epoch)).toBe(true)
  expect(await finish(redis, keys, { id: 'b', epoch: '' }, 'aborted')).toBe('finished')
}

const times = (now: number) => `"joined":${now},"seen":${now},"until":${now + 9_000}`
const row = (now: number, more: string) =>
  `{"v":"1","type":"clock","dyno":"clock.2","state":"running",${times(now)}${more}}`

const ROWS: [name: string, text: (now: number, epoch: string) => string | Buffer][] = [
  ['nothing', () => ''],
  ['no JSON', () => '{'],
  ['a list', () => '[]'],
  ['a number', () => '1e999'],
  ['null', () => 'null'],
  ['bytes that are no UTF-8', () => Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28])],
  ['texts that are no UTF-8', (now) => Buffer.from(row(now, ',"note":"\xff\xc3("'), 'latin1')],
  ['10 MB', (now) => row(now, `,"note":"${'x'.repeat(1e7)}"`)],
  ['1,000 levels', (now) => row(now, `,"note":${'['.repeat(1_000)}${']'.repeat(1_000)}`)],
  ['100,000 levels', () => '['.repeat(100_000)],
  ['keys that come twice', (now) => row(now, ',"state":"drained","state":"exited","state":7')],
  ['types of nobody', (now) => row(now, ',"epoch":{},"hold":[],"running":"x","note":{},"release":7,"v":[]')],
  ['nulls', (now) => row(now, ',"epoch":null,"hold":null,"running":null,"v":null')],
  ['a foreign state', (now) => row(now, ',"state":"granted"')],
  [
    'times as texts',
    () => '{"type":"clock","dyno":"clock.2","state":"running","joined":"1","seen":"2","until":"3"}',
  ],
  ...['NaN', '1e999', '-1e999', '1e300', '-1', '9007199254740993'].flatMap(
    (number): [string, (now: number, epoch: string) => string][] => [
      [`until ${number}`, (now) => row(now, `,"until":${number}`)],
      [`seen ${number}`, (now) => row(now, `,"seen":${number}`)],
      [`joined ${number} of the same dyno`, (now) => row(now, `,"dyno":"clock.1","joined":${number}`)],
      [
        `hold ${number} at this epoch`,
        (now, epoch) => row(now, `,"state":"drained","epoch":"${epoch}","hold":${number}`),
      ],
      [`epoch ${number}`, (now) => row(now, `,"epoch":"${number}"`)],
      [`counts ${number}`, (now) => row(now, `,"running":${number},"finished":${number},"stored":${number}`)],
    ],
  ),
  [
    'a future in which all is drained',
    (now, epoch) => {
      const then = now + 1e9
      return `{"v":"1","type":"clock","dyno":"clock.1","state":"drained","joined":${then},"seen":${then},"until":${then},"epoch":"${epoch}","hold":${then}}`
    },
  ],
]

describe('a row in the roster', { timeout: 60_000 }, () => {
  it.each(ROWS)('of %s stops nobody, and opens nothing', async (_name, text) => {
    const { now } = await look(redis, keys)
    await drainBeside((epoch) => redis.hset(keys.roster, 'x#hostile', text(now, epoch)))
  })

  it.each(['1e999', '1e300', '9007199254740993'])(
    'that says it lives until %s is forgotten all the same',
    async (until) => {
      const { now } = await look(redis, keys)
      const seen = now - 2 * FORGOTTEN_MS - 100_000
      await redis.hset(keys.roster, 'x#hostile', row(seen, `,"until":${until}`))
      expect((await look(redis, keys)).rows.some((one) => isAlive(one, now))).toBe(false)
      await granted('a')
      expect(await redis.hexists(keys.roster, 'x#hostile')).toBe(0)
    },
  )

  it.each(['NaN', '1e999', '1e300'])('that says it holds until %s does not count as held', async (hold) => {
    const { now } = await look(redis, keys)
    await redis.hset(keys.roster, 'x#hostile', row(now, ''))
    const epoch = await granted('a')
    await redis.hset(
      keys.roster,
      'x#hostile',
      row(now, `,"state":"drained","epoch":"${epoch}","hold":${hold}`),
    )
    expect(await open({ id: 'a', epoch })).toMatchObject({
      kind: 'blocked',
      blockers: [{ why: 'short-hold' }, {}],
    })
  })

  it('of a name without end is not read', async () => {
    const { now } = await look(redis, keys)
    const id = 'x'.repeat(1e6)
    await drainBeside(() => redis.hset(keys.roster, id, row(now, '')))
    expect((await look(redis, keys)).rows.map((one) => one.id)).toEqual(['clock.1#honest'])
    await expect(beat(redis, keys, id, {} as OwnRow, 1, true)).rejects.toThrow('ROWSIZE')
  })

  it('is one of 20,000', async () => {
    const { now } = await look(redis, keys)
    const many = Array.from({ length: 20_000 }, (_, at) => [`x#${at}`, row(now - 700_000, `,"note":"${at}"`)])
    await redis.hset(keys.roster, Object.fromEntries(many))
    await drainBeside(async () => {})
    expect(await redis.hlen(keys.roster)).toBe(1)
  })

  it('may have any fields', async () => {
    const value = fc.oneof(
      fc.jsonValue().map((one) => JSON.stringify(one)),
      fc.constantFrom('NaN', 'Infinity', '-0', '1e999', '0x10', '"drained"', '"1"'),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    )
    const names = [
      'v',
      'type',
      'dyno',
      'state',
      'epoch',
      'hold',
      'joined',
      'seen',
      'until',
      'running',
      'after',
    ]
    const fields = fc.array(fc.tuple(fc.constantFrom(...names, 'note', 'release', '__proto__'), value), {
      maxLength: 6,
    })
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fields.map((all) => (now: number) => row(now, all.map(([name, one]) => `,"${name}":${one}`).join(''))),
    )
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        await redis.flushall()
        const { now } = await look(redis, keys)
        const written = typeof given === 'function' ? given(now) : given
        await drainBeside(() => redis.hset(keys.roster, 'x#hostile', written))
      }),
      { numRuns: 150 },
    )
  })
})

describe('a beat', () => {
  it.each([1e12, 1e300, Number.POSITIVE_INFINITY])(
    'every %s ms keeps nobody alive for longer than a row is kept',
    async (everyMs) => {
      await beat(redis, keys, 'x', { ...OWN, state: 'running' }, everyMs, true).catch(() => {})
      const { now, rows } = await look(redis, keys)
      for (const { until } of rows) expect(until).toBeLessThanOrEqual(now + FORGOTTEN_MS)
      expect(JSON.parse((await redis.hget(keys.roster, 'x')) ?? '{"until":0}').until).toBeLessThanOrEqual(
        now + FORGOTTEN_MS,
      )
    },
  )
})
const OWN = { v: '1', type: 'clock', dyno: 'clock.1', running: 0, finished: 0, stored: 0 } as const

const NUMBERS = [
  '',
  'x',
  'nan',
  'inf',
  '-inf',
  '1e300',
  '-1',
  '99999999999999999999',
  '9007199254740990',
  '0x7fffffffffffff',
]

describe('an intent', { timeout: 30_000 }, () => {
  async function survives(fields: Record<string, string | Buffer>): Promise<void> {
    const { now } = await look(redis, keys)
    const usual = {
      v: '1',
      id: 'x',
      epoch: `${now}000`,
      phase: 'draining',
      expiry: String(now + 60_000),
      asker: '{}',
    }
    await redis.hset(keys.intent, { ...usual, 'type:clock': '1', 'count:clock': '1', ...fields })
    const reply = await honest()
    expect(reply.epoch).toMatch(/^(\d{1,16})?$/)
    // It stands in the participants' logs.
    expect(reply.version).toMatch(/^[\w.?-]{1,32}$/)
    await look(redis, keys)
    const first = await ask('deploy')
    if (first.kind === 'busy') expect(first.leftMs).toBeLessThan(7_200_001)
    if (first.kind !== 'granted') await redis.hset(keys.intent, 'expiry', '1')
    const epoch = first.kind === 'granted' ? first.epoch : await granted('deploy')
    expect(epoch).toMatch(/^\d{16}$/)
    const drained = await honest({ state: 'draining', epoch })
    expect(drained).toMatchObject({ epoch, phase: 'draining', addressed: true })
    await honest({ state: 'drained', epoch, hold: drained.expiry })
    expect((await open({ id: 'deploy', epoch })).kind).toBe('granted')
  }

  it.each(NUMBERS)('with the expiry "%s" keeps nobody out for good', (expiry) => survives({ expiry }))
  it.each(NUMBERS)('with the epoch "%s" is answered by nobody for good', (epoch) => survives({ epoch }))
  it.each(['', 'x', 'released', 'pushing', 'lapsed'])('in the phase "%s" stops nobody', (phase) =>
    survives({ phase }),
  )
  it.each<[string, string | Buffer]>([
    ['none', ''],
    ['another', '2'],
    ['much text', 'x'.repeat(1e6)],
    ['two lines', '2\n::error::pwned'],
    ['an escape', '\u001b[2J'],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe])],
  ])('whose version is %s stops nobody', (_name, v) => survives({ v }))

  it('may have any fields', async () => {
    const names = [
      'v',
      'id',
      'epoch',
      'phase',
      'expiry',
      'asker',
      'force',
      'replaces',
      'target:x',
      'count:clock',
      'lease',
    ]
    const word = fc.oneof(
      fc.constantFrom(...NUMBERS, 'draining', 'pushing'),
      fc.string({ unit: 'binary', maxLength: 30 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), word), async (fields) => {
        await redis.flushall()
        await survives(fields)
      }),
      { numRuns: 150 },
    )
  })
})

it.each(NUMBERS)('the last epoch "%s" lets epochs rise from there on', async (stored) => {
  await redis.set(keys.epoch, stored)
  let last = ''
  for (const id of ['a', 'b', 'c']) {
    const epoch = await granted(id)
    expect(epoch).toMatch(/^\d{16}$/)
    expect(last === '' || isAbove(epoch, last)).toBe(true)
    last = epoch
    await finish(redis, keys, { id, epoch }, 'aborted')
  }
})
