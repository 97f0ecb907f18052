import { expect, it } from 'vitest'
import { startCluster } from './cluster.ts'
import { command } from './command.ts'
import { startSentinels } from './sentinel.ts'

const LIMIT = { timeout: 120_000 }
const PASSWORD = 'pa"ss wörd'

it.each([
  ['without TLS', false],
  ['over TLS', true],
])('sentinels promote the replica of a primary that was killed, %s', LIMIT, async (_, tls) => {
  await using sentinels = await startSentinels({ tls, password: PASSWORD, sentinelPassword: 'watch' })
  expect(sentinels.url).toMatch(tls ? /^rediss\+sentinel:/ : /^redis\+sentinel:/)
  const first = await sentinels.primaryPort()
  const door = (port: number) => ({ port, tls, password: PASSWORD })
  await command(door(first), 'SET', 'key', 'stored')
  await command(door(first), 'WAIT', 1, 10_000)
  const second = await sentinels.killPrimary()
  expect(second).not.toBe(first)
  expect(await sentinels.primaryPort()).toBe(second)
  expect(await command(door(second), 'GET', 'key')).toBe('stored')
  expect(await command(door(second), 'SET', 'key', 'anew')).toBe('OK')
})

it('sentinels promote a replica on demand, and the old primary refuses writes', LIMIT, async () => {
  await using sentinels = await startSentinels()
  const first = await sentinels.primaryPort()
  const second = await sentinels.failover()
  expect(second).not.toBe(first)
  await expect(command({ port: first, tls: false }, 'SET', 'key', '1')).rejects.toThrow('READONLY')
})

it.each([
  ['without TLS', false],
  ['over TLS', true],
])('a cluster sends a slot from one node to another, %s', LIMIT, async (_, tls) => {
  await using cluster = await startCluster({ tls, password: PASSWORD })
  const owner = await cluster.ownerOf('{key}')
  const [other = 0] = await cluster.othersThan(owner)
  const door = (port: number) => ({ port, tls, password: PASSWORD })
  await expect(command(door(other), 'GET', '{key}')).rejects.toThrow(`127.0.0.1:${owner}`)
  await command(door(owner), 'SET', '{key}', 'stored')
  const move = await cluster.beginMove('{key}', other)
  await move.keys()
  await expect(command(door(owner), 'GET', '{key}')).rejects.toThrow('ASK')
  await move.finish()
  expect(await cluster.ownerOf('{key}')).toBe(other)
  expect(await command(door(other), 'GET', '{key}')).toBe('stored')
})

it('a cluster gives the slots of a killed node to its replica', LIMIT, async () => {
  await using cluster = await startCluster({ replicas: 1 })
  const owner = await cluster.ownerOf('{key}')
  await cluster.kill(owner)
  expect(await cluster.ownerOf('{key}')).not.toBe(owner)
})
