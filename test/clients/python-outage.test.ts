import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Deployer } from '../participant/support/deployer.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { startDriven } from './support/driven.ts'

const LIMIT_MS = 120_000

let redis: RedisServer
let proxy: FaultProxy
let deployer: Deployer

beforeEach(async () => {
  redis = await startRedis()
  proxy = await startFaultProxy(redis.port)
  deployer = new Deployer(redis.url)
})
afterEach(async () => {
  deployer.redis.disconnect()
  await proxy[Symbol.asyncDispose]()
  await redis.stop()
})

const start = (before = '') => startDriven(proxy.url(redis.url), deployer, { before })

describe('a Python process', { timeout: LIMIT_MS }, () => {
  it('sends a beat again soon when its reply was lost, not at the next one’s time', async () => {
    // The first one goes as EVAL: the server does not know the script yet.
    const lost = proxy.dropNextReply('EVAL\r\n')
    await using app = await start('deploy_gate._IDLE_BEAT = 600_000')
    await lost
    await app.says(/Redis can't be reached \(.*\); this process goes on/)
    await app.says(/Redis answers again/)
    expect(app.printed.filter((line) => line.includes('starting without the gate'))).toEqual([])
    expect(await deployer.rows()).toHaveLength(1)
    expect(await app.connections()).toBe(1)
  })

  it('notices a half-open connection, makes another, and closes the first', async () => {
    await using app = await start()
    proxy.freeze()
    await app.says(/Redis can't be reached \(Timeout/)
    proxy.thaw()
    await app.says(/Redis answers again/)
    await app.drained(1)
    await expect.poll(() => app.connections()).toBe(1)
  })

  it('is not held for longer than its lease by a connection that says nothing', async () => {
    await using app = await start()
    await deployer.acquire({ leaseMs: 5_000 })
    await app.says(/^drain 1$/)
    app.tell('drains[0].end()')
    await deployer.sees({ state: 'drained' })
    proxy.freeze()
    await app.says(/resuming: the drain ended \(lapsed\)/)
    await app.says(/^resume$/)
    proxy.thaw()
    await deployer.sees({ state: 'running' })
  })

  it('looks at its own clock before it asks a server that may not answer', async () => {
    await using app = await start(`
deploy_gate._HELD_BEAT = 600_000
def told(self, beat=deploy_gate.Participation._beat):
    answered = beat(self)
    say("beat", self.state)
    return answered
deploy_gate.Participation._beat = told`)
    await deployer.acquire({ leaseMs: 5_000 })
    await app.says(/^drain 1$/)
    app.tell('drains[0].end()')
    await app.says(/^beat drained$/)
    proxy.freeze()
    await app.says(/Redis can't be reached/)
    const at = (line: RegExp) => app.printed.findIndex((printed) => line.test(printed))
    expect(at(/^resume$/)).toBeGreaterThan(0)
    expect(at(/^resume$/)).toBeLessThan(at(/Redis can't be reached/))
  })

  it('takes part again, as the same, when the server is back without its memory', async () => {
    await using app = await start()
    const { id } = await deployer.beaten()
    await redis.restart({ keepData: false })
    await deployer.sees({ state: 'running', id })
    await app.drained(1)
  })
})
