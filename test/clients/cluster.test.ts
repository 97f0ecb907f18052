import { expect, it, vi } from 'vitest'
import { gateKeys } from '../../src/protocol/keys.ts'
import { startCluster } from '../support/redis/cluster.ts'
import { command } from '../support/redis/command.ts'
import { startRedis } from '../support/redis/redis-server.ts'
import { DeployerAtServer } from './support/at-server.ts'
import { LANGUAGES, startJoined } from './support/joined.ts'
import { startStub } from './support/stub.ts'

vi.setConfig({ testTimeout: 180_000 })

const PASSWORD = 'pa55 wörd/@:%'
const { intent } = gateKeys('default')

it.each(LANGUAGES)('%s: is held where the slot is, follows it, and resumes there', async (language) => {
  await using cluster = await startCluster({ password: PASSWORD })
  const owner = await cluster.ownerOf(intent)
  const [seed, to] = (await cluster.othersThan(owner)) as [number, number]
  await using before = new DeployerAtServer(owner, PASSWORD)
  await using app = startJoined(language, cluster.urlOf(seed))
  const { id } = await before.sees({ state: 'running' })
  const asked = await before.acquire({ leaseMs: 150_000 })
  await before.sees({ state: 'drained', epoch: asked.epoch })

  const move = await cluster.beginMove(intent, to)
  await move.keys()
  // What comes in between is no answer, and no reason to let go.
  await app.says(/Redis refused a beat \(/)
  await move.finish()
  await using after = new DeployerAtServer(to, PASSWORD)
  expect(await after.beatenSince(Date.now())).toMatchObject({ state: 'drained', epoch: asked.epoch, id })
  expect(app.printed.filter((line) => line === 'resume')).toEqual([])

  await after.finish(asked, 'aborted')
  await app.says(/^resume$/)
  await after.sees({ state: 'running', id })
  expect(app.printed.join()).not.toContain('pa55')
  for (const port of [seed, owner]) {
    const clients = String(await command({ port, tls: false, password: PASSWORD }, 'CLIENT', 'LIST'))
    expect(
      clients.split('\n').filter((line) => / cmd=(cluster|eval)/.test(line) && !/ name=deployer/.test(line)),
    ).toEqual([])
  }
})

it.each(LANGUAGES)('%s: goes to the replica that took over, whichever node is down', async (language) => {
  await using cluster = await startCluster({ replicas: 1 })
  const owner = await cluster.ownerOf(intent)
  const [other] = (await cluster.othersThan(owner)) as [number]
  await using before = new DeployerAtServer(owner)
  await using app = startJoined(language, cluster.urlOf(owner, other))
  await before.sees({ state: 'running' })
  const asked = await before.acquire({ leaseMs: 150_000 })
  const { id } = await before.sees({ state: 'drained', epoch: asked.epoch })

  await cluster.kill(owner)
  await using after = new DeployerAtServer(await cluster.ownerOf(intent))
  expect(await after.beatenSince(Date.now())).toMatchObject({ state: 'drained', epoch: asked.epoch, id })
  await after.finish(asked, 'aborted')
  await app.says(/^resume$/)
})

it.each(LANGUAGES)(
  '%s: reaches nodes that do not say their names as it reached the first',
  async (language) => {
    await using cluster = await startCluster({
      config: ['cluster-preferred-endpoint-type unknown-endpoint'],
    })
    const owner = await cluster.ownerOf(intent)
    const [seed] = (await cluster.othersThan(owner)) as [number]
    await using deployer = new DeployerAtServer(owner)
    await using app = startJoined(language, cluster.urlOf(seed))
    await deployer.sees({ state: 'running' })
    await app.says(/^joined$/)
    expect(app.printed).toEqual(['joined'])
  },
)

it.each(LANGUAGES)('%s: reaches a node as it reached the one that knows no name for it', async (language) => {
  await using redis = await startRedis()
  for (const name of ['$-1\r\n', '$0\r\n\r\n', '$1\r\n?\r\n']) {
    await using seed = await startStub(`*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n${name}:${redis.port}\r\n`)
    await using app = startJoined(language, `redis+cluster://127.0.0.1:${seed.port}`)
    await app.says(/^joined$/)
    expect(app.printed).toEqual(['joined'])
  }
})

it.each(LANGUAGES)('%s: says how the URL of a cluster is written', async (language) => {
  await using cluster = await startCluster()
  const [other] = await cluster.othersThan(await cluster.ownerOf(intent))
  await using app = startJoined(language, `redis://127.0.0.1:${other}`)
  await app.says(
    /the server of REDIS_URL is one node of a Redis Cluster.*redis\+cluster:\/\/.*; this process goes on/,
  )
})

it.each(
  LANGUAGES.flatMap((language) => [
    [language, 'redis+cluster://HOST', /REDIS_URL is no node of a Redis Cluster.*redis:\/\//] as const,
    [language, 'redis+sentinel://HOST/gate', /REDIS_URL is no sentinel.*redis:\/\//] as const,
  ]),
)('%s: says of %s that a single server is none', async (language, url, line) => {
  await using redis = await startRedis()
  await using app = startJoined(language, url.replace('HOST', `127.0.0.1:${redis.port}`))
  await app.says(line)
})
