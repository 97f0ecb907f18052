import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type FastClock, startFastClock } from '../../soak/fast-clock.ts'
import { commit } from '../../src/protocol/commit.ts'
import { acquire, force, renew } from '../../src/protocol/drain.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { ScriptedParticipant } from '../gate/support/scripted.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'

vi.setConfig({ testTimeout: 30_000 })

const keys = gateKeys('default')
const TERMS = { marginMs: 30_000, pushLeaseMs: 180_000, asked: new Map([['clock', 1]]) }
let clock: FastClock
let server: RedisServer
let redis: Redis
beforeEach(async () => {
  clock = startFastClock(1)
  server = await startRedis({ environment: clock.environment })
  redis = new Redis(server.url)
})
afterEach(async () => {
  redis.disconnect()
  await server.stop()
  clock[Symbol.dispose]()
})

/** A drain that was asked for by the clock as it is. */
async function asked() {
  const answer = await acquire(redis, keys, {
    id: 'mine',
    leaseMs: 60_000,
    notAfter: Number.MAX_SAFE_INTEGER,
    asker: '{"name":"test"}',
    replaces: '',
    asked: TERMS.asked,
  })
  if (answer.kind !== 'granted') throw new Error(`not granted: ${JSON.stringify(answer)}`)
  return { id: 'mine', epoch: answer.epoch }
}

it('an answer from before a clock was set back counts no more, and a later one does', async () => {
  const participant = new ScriptedParticipant(redis, keys, 'clock.1', 'clock')
  await participant.beat()
  const owner = await asked()
  await participant.answer('drained')
  clock.step(-8_000)
  expect(await commit(redis, keys, owner, TERMS)).toMatchObject({
    kind: 'blocked',
    blockers: [{ why: 'set-back', dyno: 'clock.1' }, { why: 'too-few' }],
  })
  await participant.answer('drained')
  expect(await commit(redis, keys, owner, TERMS)).toMatchObject({ kind: 'granted' })
})

it('a lease is lost when the clock was set back by more than a margin could bear', async () => {
  const owner = await asked()
  clock.step(-8_000)
  expect(await renew(redis, keys, owner, 60_000)).toMatchObject({ kind: 'renewed' })
  clock.step(-30_000)
  const lost = { kind: 'lost', why: 'set-back' }
  expect(await renew(redis, keys, owner, 60_000)).toMatchObject(lost)
  expect(await force(redis, keys, owner)).toMatchObject(lost)
  expect(await commit(redis, keys, owner, TERMS)).toMatchObject(lost)
})
