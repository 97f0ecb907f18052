import type { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseRedisUrl } from '../../src/redis/address.ts'
import { backoff, createClient, type LinkTerms } from '../../src/redis/client.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'

let server: RedisServer
let proxy: FaultProxy
let client: Redis | undefined
beforeEach(async () => {
  server = await startRedis()
  proxy = await startFaultProxy(server.port)
})
afterEach(async () => {
  client?.disconnect()
  await proxy[Symbol.asyncDispose]()
  await server.stop()
})

const PATIENT: LinkTerms = { commandTimeoutMs: 60_000, silentLinkMs: 60_000, retryDelay: () => 1 }
async function connect(terms: Partial<LinkTerms>): Promise<Redis> {
  client = createClient(parseRedisUrl(proxy.url(server.url)), { verify: true }, { ...PATIENT, ...terms })
  client.on('error', () => {})
  await client.connect()
  return client
}

it('fails a command whose reply does not come', async () => {
  const client = await connect({ commandTimeoutMs: 50 })
  proxy.freeze()
  await expect(client.incr('n')).rejects.toThrow('Command timed out')
})

it('makes a silent link anew and sends again what was not answered', { timeout: 30_000 }, async () => {
  const client = await connect({ silentLinkMs: 200 })
  proxy.freeze()
  const closed = new Promise((resolve) => client.once('close', resolve))
  const reply = client.set('key', 'sent again')
  await closed
  proxy.thaw()
  expect(await reply).toBe('OK')
})

it('executes a command a second time when its reply was lost', { timeout: 30_000 }, async () => {
  const client = await connect({})
  const dropped = proxy.dropNextReply('incr')
  const reply = client.incr('n')
  await dropped
  expect(await reply).toBe(2)
})

it('gives up when it is told to', async () => {
  const attempts: number[] = []
  const client = await connect({ retryDelay: (attempt) => (attempts.push(attempt) < 2 ? 1 : null) })
  const ended = new Promise((resolve) => client.once('end', resolve))
  await proxy.refuse()
  proxy.drop()
  await ended
  expect(attempts).toEqual([1, 2])
})

it('has its name at the server, and speaks RESP3', async () => {
  const client = await connect({})
  expect(await client.client('INFO')).toMatch(/ name=deploy-gate .* resp=3/)
})

it('backs off by doubling up to the cap, with half of it left to chance', () => {
  expect([1, 2, 3, 4, 5, 6].map((attempt) => backoff(attempt, 2_000, () => 1))).toEqual([
    100, 200, 400, 800, 1_600, 2_000,
  ])
  expect([1, 2, 1_000_000].map((attempt) => backoff(attempt, 2_000, () => 0))).toEqual([50, 100, 1_000])
})
