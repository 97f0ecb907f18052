import { expect, it, vi } from 'vitest'
import { command } from '../support/redis/command.ts'
import { type Sentinels, startSentinels } from '../support/redis/sentinel.ts'
import { DeployerAtServer } from './support/at-server.ts'
import { LANGUAGES, startJoined } from './support/joined.ts'
import { startStub } from './support/stub.ts'

vi.setConfig({ testTimeout: 180_000 })

const PASSWORD = 'pa55 wörd/@:%'

it.each(
  LANGUAGES.flatMap((language) =>
    (['failover', 'killPrimary', 'pausePrimary'] as const).map((how) => [language, how] as const),
  ),
)(
  '%s: a hold outlives %s, at the new primary, and ends when the deploy is withdrawn there',
  async (language, how) => {
    await using sentinels = await startSentinels({ password: PASSWORD, sentinelPassword: 'sen/tinel' })
    await using before = new DeployerAtServer(await sentinels.primaryPort(), PASSWORD)
    await using app = startJoined(language, sentinels.url)
    const { id } = await before.sees({ state: 'running' })
    const owner = await before.acquire({ leaseMs: 150_000 })
    await before.sees({ state: 'drained', epoch: owner.epoch })

    const port = await sentinels[how]()
    const since = Date.now()
    await using after = new DeployerAtServer(port, PASSWORD)
    expect(await after.beatenSince(since)).toMatchObject({ state: 'drained', epoch: owner.epoch, id })
    expect(await after.rows()).toHaveLength(1)
    expect(app.printed.filter((line) => line === 'resume')).toEqual([])

    await after.finish(owner, 'aborted')
    await app.says(/^resume$/)
    await after.sees({ state: 'running', id })
    expect(app.printed.join()).not.toMatch(/pa55|sen\/tinel|sen%2F/)
  },
)

it.each(LANGUAGES)('%s: keeps one connection, to the primary, and none to a sentinel', async (language) => {
  await using sentinels = await startSentinels()
  await using app = startJoined(language, sentinels.url)
  await app.says(/^joined$/)
  const primary = await sentinels.primaryPort()
  const connections = async (port: number) => {
    const clients = String(await command({ port, tls: false }, 'CLIENT', 'LIST'))
    // Sentinels and replicas say who they are, and the one that asks is named by what it asks.
    return clients.split('\n').filter((line) => line && !/ name=sentinel| flags=S| cmd=client/.test(line))
  }
  await expect.poll(() => connections(primary), { timeout: 30_000 }).toHaveLength(1)
  for (const port of sentinels.sentinelPorts) {
    const of = async () =>
      (await connections(port)).filter((line) => !/ cmd=(ping|publish|info|subscribe)/.test(line))
    await expect.poll(of, { timeout: 30_000 }).toEqual([])
  }
})

it.each(LANGUAGES)('%s: asks the next sentinel when the first is down', async (language) => {
  await using sentinels = await startSentinels()
  await sentinels.killSentinel(0)
  await using deployer = new DeployerAtServer(await sentinels.primaryPort())
  await using app = startJoined(language, sentinels.url)
  await deployer.sees({ state: 'running' })
  expect(app.printed.filter((line) => line.includes("can't be reached"))).toEqual([])
})

/** A sentinel that knows no better: whatever it is asked, the primary is at `port`. */
const startStaleSentinel = (port: number, met?: () => void) =>
  startStub(`*2\r\n$9\r\n127.0.0.1\r\n$${String(port).length}\r\n${port}\r\n`, met)

const replicaPort = (sentinels: Sentinels, primary: number) =>
  sentinels.servers.find(({ port }) => port !== primary)?.port as number

it.each(LANGUAGES)('%s: believes no sentinel that names a replica', async (language) => {
  await using sentinels = await startSentinels()
  const primary = await sentinels.primaryPort()
  await using stale = await startStaleSentinel(replicaPort(sentinels, primary))
  await using deployer = new DeployerAtServer(primary)
  await using app = startJoined(
    language,
    `redis+sentinel://127.0.0.1:${stale.port},127.0.0.1:${sentinels.sentinelPorts[0]}/gate`,
  )
  await deployer.sees({ state: 'running' })
  await app.says(/^joined$/)
  expect(app.printed).toEqual(['joined'])
})

it.each(LANGUAGES)('%s: tries a server once, however many sentinels name it', async (language) => {
  const met: string[] = []
  await using server = await startStub(undefined, () => met.push('server'))
  await using sentinel = await startStaleSentinel(server.port, () => met.push('sentinel'))
  const seed = `127.0.0.1:${sentinel.port}`
  await using app = startJoined(language, `redis+sentinel://${seed},${seed}/gate`)
  await app.says(/can't be reached/)
  await expect.poll(() => met.length, { timeout: 30_000 }).toBeGreaterThan(4)
  expect(met.slice(0, 5)).toEqual(['sentinel', 'server', 'sentinel', 'sentinel', 'server'])
})

it.each(LANGUAGES)('%s: says that no primary has the name, and joins without one', async (language) => {
  await using sentinels = await startSentinels({ replicas: 0 })
  await using app = startJoined(language, sentinels.url.replace(/\/gate$/, '/an-other'))
  await app.says(/a sentinel knows no primary of the name that REDIS_URL gives.*; this process goes on/)
  await app.says(/^joined$/)
  expect(app.printed.join()).not.toContain('an-other')
})

it.each(LANGUAGES)('%s: says how the URL of a sentinel is written', async (language) => {
  await using sentinels = await startSentinels({ replicas: 0 })
  const at = `127.0.0.1:${sentinels.sentinelPorts[0]}`
  for (const url of [`redis://${at}`, `redis://:pa55word@${at}`]) {
    await using app = startJoined(language, url)
    await app.says(/the server of REDIS_URL is a sentinel.*redis\+sentinel:\/\/.*; this process goes on/)
    expect(app.printed.join()).not.toContain('pa55word')
  }
})
