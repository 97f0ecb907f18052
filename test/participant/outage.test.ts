import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { join, type Participation } from '../../src/participant/join.ts'
import { openLink } from '../../src/participant/link.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { App } from './support/app.ts'
import { Deployer } from './support/deployer.ts'
import { LIMIT, Lines } from './support/lines.ts'

vi.setConfig({ testTimeout: 40_000 })

const UNREACHABLE =
  /^warning: Redis at 127\.0\.0\.1:\d+ can't be reached \(.+\); this process goes on and keeps trying$/
const REACHABLE = /^Redis at 127\.0\.0\.1:\d+ is reachable again$/

let server: RedisServer
let deployer: Deployer
let proxy: FaultProxy
let app: App
let participation: Participation | undefined

beforeEach(async () => {
  server = await startRedis()
  deployer = new Deployer(server.url)
  proxy = await startFaultProxy(server.port)
  app = new App()
})
afterEach(async () => {
  app.release()
  await participation?.leave()
  participation = undefined
  deployer.redis.disconnect()
  await proxy[Symbol.asyncDispose]()
  await server.stop()
})

async function joinThrough(url: string): Promise<void> {
  participation = await join(app, { redisUrl: url, dyno: 'clock.1', handleSigterm: false, log: app.log })
}

describe('a Redis that goes away and comes back', () => {
  it('leaves a running app running, and reaches it again without its data', async () => {
    await joinThrough(server.url)
    await deployer.sees({ state: 'running' })
    await server.kill()
    await app.log.saw(UNREACHABLE)
    expect(participation?.state).toBe('running')
    await server.restart({ keepData: false })
    await app.log.saw(REACHABLE)
    await deployer.sees({ state: 'running' })
    // It hears the doorbell on the new connection: the next beat by itself is 25 s away.
    await deployer.acquire()
    ;(await app.draining()).end()
    await deployer.sees({ state: 'drained' })
    expect(app.log.matching(UNREACHABLE)).toHaveLength(1)
    expect(app.log.matching(REACHABLE)).toHaveLength(1)
  })

  it('finds a held app held, although it has lost the request, and gives it back when that ends', async () => {
    app.atOnce = { stored: 1 }
    await joinThrough(server.url)
    await deployer.acquire({ leaseMs: 4_000 })
    const { epoch } = await deployer.sees({ state: 'drained' })
    await server.restart({ keepData: false })
    const row = await deployer.sees({ state: 'drained', stored: 1 })
    expect(row.epoch).toBe(epoch)
    expect(app.calls).toEqual(['drain'])
    await app.told('drain', 'resume')
  })

  it('gives a held app back by its own clock when it stays away', async () => {
    app.atOnce = {}
    await joinThrough(server.url)
    await deployer.acquire({ leaseMs: 500 })
    await deployer.sees({ state: 'drained' })
    await server.kill()
    await app.told('drain', 'resume')
    await app.log.saw(/^resuming: the drain ended \(lapsed\)$/)
  })

  it('hears of a drain that began while the connection was gone', async () => {
    await joinThrough(proxy.url(server.url))
    await deployer.sees({ state: 'running' })
    await proxy.refuse()
    proxy.drop()
    await app.log.saw(UNREACHABLE)
    await deployer.acquire()
    expect(app.calls).toEqual([])
    await proxy.accept()
    await app.draining()
  })

  it('is noticed also when the connection is half-open', async () => {
    await joinThrough(proxy.url(server.url))
    await deployer.sees({ state: 'running' })
    await deployer.acquire()
    const drain = await app.draining()
    await deployer.sees({ state: 'draining' })
    proxy.freeze()
    drain.end({ finished: 1 })
    await app.log.saw(UNREACHABLE)
    proxy.thaw()
    await deployer.sees({ state: 'drained', finished: 1 })
  })

  it('may lose the reply to an acknowledgement', async () => {
    await joinThrough(proxy.url(server.url))
    await deployer.acquire()
    const drain = await app.draining()
    await deployer.sees({ state: 'draining' })
    const lost = proxy.dropNextReply('"drained"')
    drain.end({ finished: 1 })
    await lost
    const { seen } = await deployer.sees({ state: 'drained', finished: 1 })
    await expect.poll(async () => (await deployer.row())?.seen, LIMIT).toBeGreaterThan(seen)
    expect(app.calls).toEqual(['drain'])
    expect(await deployer.rows()).toHaveLength(1)
  })
})

describe('a Redis that is not there at boot', () => {
  it('lets the app start after the boot barrier, and is joined when it comes', async () => {
    await server.kill()
    await joinThrough(server.url)
    expect(participation?.state).toBe('running')
    await app.log.saw(/^warning: Redis did not answer at boot; starting without the gate/)
    await server.restart({ keepData: true })
    await deployer.sees({ state: 'running' })
    await deployer.acquire()
    await app.draining()
  })

  it('lets the app start also when it accepts the connection and says nothing', async () => {
    proxy.freeze()
    await joinThrough(proxy.url(server.url))
    expect(participation?.state).toBe('running')
    proxy.thaw()
    await deployer.sees({ state: 'running' })
  })
})

it('asks for a beat as soon as it can hear, and no sooner: what rang before was not heard', async () => {
  const deafAtRing: boolean[] = []
  const address = { host: '127.0.0.1', port: server.port, tls: false, db: 0 }
  const link = openLink(address, { verify: true }, 'bell', new Lines(), () => deafAtRing.push(link.deaf))
  try {
    await expect.poll(() => deafAtRing, LIMIT).toEqual([false])
  } finally {
    link.close()
  }
})

it('sends nothing later that could not be sent in time', async () => {
  const log = new Lines()
  const heard: string[] = []
  const address = { host: '127.0.0.1', port: server.port, tls: false, db: 0 }
  const link = openLink(address, { verify: true }, 'bell', log, () => heard.push('ring'))
  try {
    await expect.poll(() => link.deaf, LIMIT).toBe(false)
    expect(await link.host.eval("return redis.call('INCR', 'sent')", 0)).toBe(1)
    await server.kill()
    await log.saw(UNREACHABLE)
    expect(link.deaf).toBe(true)
    await expect(link.host.eval("return redis.call('INCR', 'sent')", 0)).rejects.toThrow(
      /127\.0\.0\.1:\d+ is not connected/,
    )
    await server.restart({ keepData: true })
    await expect.poll(() => link.deaf, LIMIT).toBe(false)
    expect(await link.host.eval("return redis.call('INCR', 'sent')", 0)).toBe(2)
    const before = heard.length
    await deployer.redis.publish('bell', 'beat')
    await expect.poll(() => heard.length, LIMIT).toBe(before + 1)
  } finally {
    link.close()
  }
})
