import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { parseRedisUrl } from '../../src/redis/address.ts'
import { createClient } from '../../src/redis/client.ts'
import { listen } from '../../src/redis/listen.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'

const CHANNEL = 'deploy-gate:{test}:doorbell'
let server: RedisServer
let proxy: FaultProxy
const clients: Redis[] = []
beforeAll(async () => {
  server = await startRedis({
    acl: ['user deaf on >word ~* resetchannels +@all', 'user free on >word ~* &* +@all'],
  })
})
afterAll(() => server.stop())
beforeEach(async () => {
  proxy = await startFaultProxy(server.port)
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await proxy[Symbol.asyncDispose]()
})

async function connect(who = '', port = proxy.port): Promise<Redis> {
  const terms = { commandTimeoutMs: 20_000, silentLinkMs: 20_000, retryDelay: () => 1 }
  const client = createClient(parseRedisUrl(`redis://${who}127.0.0.1:${port}`), { verify: true }, terms)
  clients.push(client)
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Counts the messages, and tells of each. */
function counter() {
  let next = Promise.withResolvers<void>()
  const self = {
    count: 0,
    hear: () => {
      self.count++
      next.resolve()
      next = Promise.withResolvers()
    },
    next: () => next.promise,
  }
  return self
}

it('hears the channel on the connection that goes on sending', async () => {
  const [client, other, heard] = [await connect(), await connect(), counter()]
  expect(await listen(client, CHANNEL, heard.hear).began).toBe(true)
  expect(heard.count).toBe(1)
  const message = heard.next()
  expect(await other.publish(CHANNEL, 'ring')).toBe(1)
  await message
  expect(await client.set('key', 'sent')).toBe('OK')
  expect(heard.count).toBe(2)
})

it('listens again after it lost its connection', { timeout: 30_000 }, async () => {
  const [client, heard] = [await connect(), counter()]
  await listen(client, CHANNEL, heard.hear).began
  const ready = new Promise((resolve) => client.once('ready', resolve))
  proxy.drop()
  await ready
  const other = await connect()
  const message = heard.next()
  await expect.poll(() => other.publish(CHANNEL, 'ring'), { timeout: 20_000 }).toBe(1)
  await message
})

it('is deaf, and no more than that, while it may not listen any more', { timeout: 30_000 }, async () => {
  const [client, other, heard] = [await connect('free:word@'), await connect(), counter()]
  const refused: Error[] = []
  const ear = listen(client, CHANNEL, heard.hear, (error) => refused.push(error))
  expect(await ear.began).toBe(true)
  const restart = async () => {
    const ready = new Promise((resolve) => client.once('ready', resolve))
    await other.call('CLIENT', 'KILL', 'USER', 'free')
    await ready
  }
  await other.acl('SETUSER', 'free', '-subscribe')
  await restart()
  await restart()
  await expect.poll(() => refused.length, { timeout: 20_000 }).toBe(1)
  expect(await client.set('key', 'sent')).toBe('OK')
  expect(ear.hears).toBe(false)
  await other.acl('SETUSER', 'free', '+subscribe')
  await restart()
  await expect.poll(() => ear.hears, { timeout: 20_000 }).toBe(true)
  expect(refused.length).toBe(1)
})

it.each([0, 1])(
  'outlives a link on which it could not listen again, in database %i',
  { timeout: 30_000 },
  async (db) => {
    const terms = { commandTimeoutMs: 200, silentLinkMs: 1_000, retryDelay: () => 1 }
    const client = createClient(
      parseRedisUrl(`redis://127.0.0.1:${proxy.port}/${db}`),
      { verify: true },
      terms,
    )
    clients.push(client)
    client.on('error', () => {})
    await client.connect()
    const ear = listen(client, CHANNEL, () => {})
    expect(await ear.began).toBe(true)
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    // Whatever is sent first on the next connection gets no reply, nor does the subscription.
    proxy.lose(/^(>3\r\n\$9\r\nsubscribe|\+OK\r\n$)/)
    const closed = new Promise((resolve) => client.once('close', resolve))
    proxy.drop()
    await closed
    expect(ear.hears).toBe(false)
    const again = new Promise((resolve) => client.once('close', resolve))
    await again
    proxy.lose(undefined)
    await expect.poll(() => ear.hears, { timeout: 20_000 }).toBe(true)
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  },
)

it('says so when the user may not listen, and the connection still sends', async () => {
  await deaf(await connect('deaf:word@'))
})

it('says so when the server is from before RESP3, and the connection still sends', async () => {
  await using old = await startRedis({ config: ['rename-command HELLO ""'] })
  await deaf(await connect('', old.port))
})

it('says so when the connection speaks RESP2 to a server of today, and it still sends', async () => {
  const client = new Redis(proxy.port, '127.0.0.1', { protocol: 2 })
  clients.push(client)
  await deaf(client)
})

async function deaf(client: Redis): Promise<void> {
  const ear = listen(client, CHANNEL, () => {})
  expect(await ear.began).toBe(false)
  expect(ear.hears).toBe(false)
  expect(await client.set('key', 'sent')).toBe('OK')
}
