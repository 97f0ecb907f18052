import type { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { INPUT_ORIGIN } from '../../src/deploy/origins.ts'
import { DeployError } from '../../src/outcome.ts'
import { parseRedisUrl } from '../../src/redis/address.ts'
import { createClient } from '../../src/redis/client.ts'
import { checkHealth } from '../../src/redis/health.ts'
import { recordingLog } from '../support/recording-log.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'

let server: RedisServer
let redis: Redis
beforeEach(async () => {
  server = await startRedis({ acl: ['user blind on >word ~* &* +@all -info'] })
  redis = await connect(server.url)
})
afterEach(async () => {
  redis.disconnect()
  await server.stop()
})

async function connect(url: string): Promise<Redis> {
  const terms = { commandTimeoutMs: 20_000, silentLinkMs: 20_000, retryDelay: () => null }
  const client = createClient(parseRedisUrl(url), { verify: true }, terms)
  await client.connect()
  return client
}

/** Lets the server's memory be in use by this share of the limit, under this policy. */
async function fill(share: number, policy: string): Promise<void> {
  await redis.config('SET', 'maxmemory', 0)
  // So much that what connections take and give back changes nothing; made there, so that no buffer of it counts.
  await redis.setrange('ballast', 50_000_000, 'x')
  const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
  await redis.config('SET', 'maxmemory-policy', policy)
  await redis.config('SET', 'maxmemory', Math.round(used / share))
}

async function check(client = redis): Promise<{ error?: DeployError; lines: readonly string[] }> {
  const log = recordingLog()
  try {
    await checkHealth(client, 'Redis at here', INPUT_ORIGIN, log)
    return { lines: log.lines }
  } catch (error) {
    if (!(error instanceof DeployError)) throw error
    expect(error.outcome).toBe('preflight-failed')
    return { error, lines: log.lines }
  }
}

it('finds nothing to say about a server with room', async () => {
  expect(await check()).toEqual({ lines: [] })
  await fill(0.5, 'noeviction')
  expect(await check()).toEqual({ lines: [] })
  await fill(0.5, 'volatile-lru')
  expect(await check()).toEqual({ lines: [] })
})

it('warns when a server that evicts nothing is nearly full', async () => {
  await fill(0.97, 'noeviction')
  const { error, lines } = await check()
  expect(error).toBeUndefined()
  expect(lines).toEqual([
    expect.stringMatching(
      /^warning: Redis at here: the server is nearly out of memory \([\d.]+ MB of [\d.]+ MB in use, maxmemory-policy noeviction\)$/,
    ),
  ])
})

it('stops when a server is full and refuses writes, as it does', async () => {
  await fill(1.2, 'noeviction')
  await expect(redis.set('key', 'value')).rejects.toThrow('OOM')
  const { error } = await check()
  expect(error?.message).toMatch(/^Redis at here: the server is out of memory and refuses writes \(/)
  expect(error?.next).toBe('Free memory or take a larger plan, then run the deploy again.')
})

it.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random'])(
  'warns of %s, and stops when it is about to strike',
  async (policy) => {
    await fill(0.5, policy)
    expect(await check()).toEqual({
      lines: [
        expect.stringMatching(`^warning: Redis at here: under maxmemory-policy ${policy} .* can be evicted`),
      ],
    })
    await fill(0.97, policy)
    const { error } = await check()
    expect(error?.message).toMatch(/about to evict keys, and may drop the drain request/)
    expect(error?.next).toMatch(
      /Free memory or take a larger plan\. A policy that spares keys without a TTL \(noeviction/,
    )
  },
)

it('stops at a replica, which refuses writes', async () => {
  await using primary = await startRedis()
  await redis.call('REPLICAOF', '127.0.0.1', primary.port)
  const { error } = await check()
  expect(error?.message).toBe('Redis at here: the server is a replica and refuses writes.')
  expect(error?.next).toMatch(/^Give the URL of the primary\. Correct redis-url/)
})

it('only warns when its user may not ask', async () => {
  const blind = await connect(`redis://blind:word@127.0.0.1:${server.port}`)
  const { error, lines } = await check(blind)
  blind.disconnect()
  expect(error).toBeUndefined()
  expect(lines).toEqual([
    'warning: Redis at here: its user may not call INFO, so memory and eviction could not be checked; +info allows it',
  ])
})

it('does not take another failure for a healthy server', async () => {
  const cause = new Error('Command timed out')
  await expect(
    checkHealth({ info: () => Promise.reject(cause) }, 'Redis', INPUT_ORIGIN, recordingLog()),
  ).rejects.toBe(cause)
})
