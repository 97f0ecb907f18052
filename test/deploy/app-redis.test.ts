import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { deploy } from '../../src/deploy/deploy.ts'
import { DeployError } from '../../src/outcome.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { scriptedDeploy } from './support/scripted-deploy.ts'

vi.setConfig({ testTimeout: 60_000 })

let server: RedisServer
let redis: Redis
beforeEach(async () => {
  server = await startRedis()
  redis = new Redis(server.url)
})
afterEach(async () => {
  redis.disconnect()
  await server.stop()
})

/** Connections of deploys at the server. */
async function connections(): Promise<number> {
  const list = String(await redis.client('LIST'))
  return list.split('\n').filter((line) => line.includes(' name=deploy-gate ')).length
}

const connected = () => vi.waitFor(async () => expect(await connections()).toBe(1), { timeout: 30_000 })

it('connects before anybody waits for it, and tells of it when somebody does', async () => {
  const { around, log, cancel } = scriptedDeploy({ redisUrl: server.url })
  around.redis.begin(cancel.signal)
  await connected()
  expect(log.lines).toEqual([])
  await using _ = await around.redis.open(log, cancel.signal)
  expect(await connections()).toBe(1)
  expect(log.matching(/answers in/)).toHaveLength(1)
})

it('connects once, however often it is begun', async () => {
  const { around, log, cancel } = scriptedDeploy({ redisUrl: server.url })
  around.redis.begin(cancel.signal)
  await connected()
  around.redis.begin(cancel.signal)
  await using opened = await around.redis.open(log, cancel.signal)
  expect(await connections()).toBe(1)
  expect(opened.around.signal).toBe(cancel.signal)
})

it('ends its waits by the signal of whoever opened it, who may have less time than who began', async () => {
  const { around, log, cancel } = scriptedDeploy({ redisUrl: server.url })
  around.redis.begin(new AbortController().signal)
  await using opened = await around.redis.open(log, cancel.signal)
  expect(opened.around.signal).toBe(cancel.signal)
})

it('connects once more for whoever opens it once more', async () => {
  const { around, log, cancel } = scriptedDeploy({ redisUrl: server.url })
  around.redis.begin(cancel.signal)
  await using _first = await around.redis.open(log, cancel.signal)
  await using _second = await around.redis.open(log, cancel.signal)
  expect(await connections()).toBe(2)
})

it('closes what nobody opened, and says nothing of it', async () => {
  const { around, log, cancel } = scriptedDeploy({ redisUrl: server.url })
  around.redis.begin(cancel.signal)
  await connected()
  await around.redis[Symbol.asyncDispose]()
  await around.redis[Symbol.asyncDispose]()
  await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: 30_000 })
  expect(log.lines).toEqual([])
})

it('keeps what went wrong for whoever opens it', async () => {
  await redis.config('SET', 'requirepass', 'right')
  const url = server.url.replace('redis://', 'redis://:wrong@')
  const { around, log, cancel } = scriptedDeploy({ redisUrl: url })
  around.redis.begin(cancel.signal)
  await expect(around.redis.open(log, cancel.signal)).rejects.toThrow(/did not accept the user or password/)
})

it('is connected to while Heroku is asked, and what Heroku says comes first', async () => {
  const refusal = new DeployError('preflight-failed', 'Heroku knows no app shop.', 'Correct heroku-app.')
  const preflight = async () => {
    await connected()
    throw refusal
  }
  const { plan, around, log, groups } = scriptedDeploy({ redisUrl: server.url, heroku: { preflight } })
  const report = await deploy(plan, around)
  expect(report).toMatchObject({ outcome: 'preflight-failed', message: refusal.message })
  expect(groups).toEqual(['Preflight: nobody is asked for anything yet'])
  expect(log.matching(/answers in/)).toEqual([])
  await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: 30_000 })
})

it.each([
  ['skip-drain: true', { skipDrain: true }],
  ['drain-from: dyno', { drainFrom: 'dyno' }],
] as const)('is left alone under %s', async (_name, plan) => {
  const asked: string[] = []
  const configVar = async (name: string) => {
    asked.push(name)
    return server.url
  }
  const refused = () => Promise.reject(new DeployError('preflight-failed', 'No.', 'Nothing.'))
  const scripted = scriptedDeploy({ plan, heroku: { preflight: refused, configVar } })
  await deploy(scripted.plan, scripted.around)
  expect(asked).toEqual([])
})
