import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { Redis } from 'ioredis'
import { afterEach, expect, it } from 'vitest'
import { type RedisServer, startRedis } from './redis-server.ts'

const clients: Redis[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect()
})

function client(server: RedisServer, { user = '', password = '', ca = '' } = {}): Redis {
  const url = new URL(server.url)
  if (user) url.username = user
  if (password) url.password = encodeURIComponent(password)
  const redis = new Redis(url.href, {
    retryStrategy: () => null,
    enableReadyCheck: false,
    ...(ca && { tls: { ca } }),
  })
  redis.on('error', () => {})
  clients.push(redis)
  return redis
}

it('keeps what it stored over a restart and a kill, if told so', async () => {
  await using server = await startRedis()
  await client(server).set('key', 'stored')
  await server.restart({ keepData: true })
  expect(await client(server).get('key')).toBe('stored')
  const { pid } = server
  await server.kill()
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  await server.restart({ keepData: true })
  expect(await client(server).get('key')).toBe('stored')
  await server.restart({ keepData: false })
  expect(await client(server).get('key')).toBeNull()
})

it('keeps its password out of its arguments', async () => {
  await using server = await startRedis({ password: 'pa"ss\\ wörd' })
  expect(await client(server).ping()).toBe('PONG')
  await expect(client(server, { password: 'other' }).ping()).rejects.toThrow()
  expect(execFileSync('ps', ['-o', 'args=', '-p', String(server.pid)], { encoding: 'utf8' })).not.toContain(
    'pa"ss',
  )
})

it('has the users of its ACL, and the default user beside them', async () => {
  await using server = await startRedis({
    password: 'secret',
    acl: ['user gate on >gate ~only:* +get +hello'],
  })
  expect(await client(server).ping()).toBe('PONG')
  const gate = client(server, { user: 'gate', password: 'gate' })
  expect(await gate.get('only:this')).toBeNull()
  await expect(gate.get('that')).rejects.toThrow('NOPERM')
})

it('speaks TLS under the certificate whose fingerprint it tells', async () => {
  await using server = await startRedis({ tls: true, maxmemory: '100mb', maxmemoryPolicy: 'allkeys-lru' })
  const ca = readFileSync(server.certificateFile, 'utf8')
  const redis = client(server, { ca })
  expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'allkeys-lru'])
  expect(server.url).toMatch(/^rediss:/)
  expect(server.fingerprint).toMatch(/^[\da-f]{64}$/)
})

it('answers nobody while it is paused', async () => {
  await using server = await startRedis()
  const redis = client(server)
  await redis.ping()
  server.pause()
  const state = () => readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]?.[0]
  if (process.platform === 'linux') await expect.poll(state).toBe('T')
  let answered = false
  const pong = redis.ping().then(() => {
    answered = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(answered).toBe(false)
  server.resume()
  await pong
})

it('can be stopped while it is paused, and twice', async () => {
  const server = await startRedis()
  server.pause()
  await server.stop()
  await server.stop()
  expect(() => process.kill(server.pid, 0)).toThrow('ESRCH')
})

it('takes another port when somebody took the one it found', async () => {
  const squatter = createServer()
  await once(squatter.listen(0, '127.0.0.1'), 'listening')
  const taken = (squatter.address() as AddressInfo).port
  await using free = await startRedis()
  const { port } = free
  await free.stop()
  const ports = [taken, taken, port]
  await using server = await startRedis({}, async () => ports.shift() ?? 0)
  expect(server.port).toBe(port)
  expect(await client(server).ping()).toBe('PONG')
  squatter.close()
})

it('says how to get a redis-server, and what one said that does not start', async () => {
  const before = process.env.REDIS_SERVER
  process.env.REDIS_SERVER = '/nowhere/redis-server'
  await expect(startRedis()).rejects.toThrow(/script\/install, or set REDIS_SERVER/)
  if (before === undefined) delete process.env.REDIS_SERVER
  else process.env.REDIS_SERVER = before
  await expect(startRedis({ maxmemory: 'plenty' })).rejects.toThrow(
    /FATAL CONFIG FILE ERROR(.|\n)*maxmemory plenty/,
  )
})
