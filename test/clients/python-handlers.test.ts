import { afterEach, beforeEach, describe, it } from 'vitest'
import { Deployer } from '../participant/support/deployer.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { type PythonProcess, startPython } from './support/python.ts'

const LIMIT_MS = 120_000

let redis: RedisServer
let deployer: Deployer

beforeEach(async () => {
  redis = await startRedis()
  deployer = new Deployer(redis.url)
})
afterEach(async () => {
  deployer.redis.disconnect()
  await redis.stop()
})

/** An app that takes part, beats five times a second, and whose handlers do what the test says. */
async function start({ before = '', options = '' } = {}) {
  const lines = `
import threading, deploy_gate, driven
from driven import drains
deploy_gate._IDLE_BEAT = deploy_gate._DRAINING_BEAT = deploy_gate._HELD_BEAT = 200
${before}
participation = deploy_gate.join(driven.drain, driven.resume, dyno="clock.1", ${options})
driven.obey(globals())
`
  const app = startPython(lines, { REDIS_URL: redis.url })
  // A drain that it boots into is none of its handler's.
  await deployer.sees({ state: 'running' })
  return app
}
type App = PythonProcess

async function drained(app: App, n: number) {
  const owner = await deployer.acquire()
  await app.says(/^drain \d+$/, n)
  app.tell(`drains[${n - 1}].end()`)
  await deployer.sees({ state: 'drained', epoch: owner.epoch })
  return owner
}

describe('a server that refuses beats', { timeout: LIMIT_MS }, () => {
  it('is named as that, and as soon as it takes them the process takes part again', async () => {
    await using app = await start()
    await deployer.redis.config('SET', 'maxmemory', '1')
    await app.says(/Redis refused a beat \(.*maxmemory/)
    await deployer.redis.config('SET', 'maxmemory', '0')
    await app.says(/Redis answers again/)
    await drained(app, 1)
  })
})

describe('a log that raises', { timeout: LIMIT_MS }, () => {
  it('stops no clock', async () => {
    await using app = await start({ options: 'log=lambda line: 1 / 0' })
    await deployer.finish(await drained(app, 1), 'aborted')
    await app.says(/^resume$/)
    await drained(app, 2)
  })
})
