import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Deployer } from '../participant/support/deployer.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { type Client, clients } from './registry.ts'

const LIMIT_MS = 120_000
/** A listener that can't hear the doorbell beats each 10 s. */
const SOON = { timeout: 30_000, interval: 50 }

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** Starts the client's app behind a gate of its own. */
function boot({ command, folder, env }: Client, gate: string) {
  const [program = '', ...args] = command
  const own = { REDIS_URL: redis.url, DYNO: 'clock.1', DEPLOY_GATE_NAME: gate }
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, ...env, ...own },
    stdio: 'ignore',
  })
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code)),
  )
  return { ended, kill: (signal: NodeJS.Signals) => void child.kill(signal) }
}

function open(client: Client, name: string) {
  const gate = `${client.client}-${name}`
  const deployer = new Deployer(redis.url, gate)
  const app = boot(client, gate)
  const trial = `deploy-gate:{${gate}}:trial`
  const count = async (what: string) => Number((await deployer.redis.hget(trial, what)) ?? 0)
  return {
    deployer,
    app,
    count,
    boot: () => boot(client, gate),
    give: (ms: number) => deployer.redis.lpush(`${trial}:jobs`, String(ms)),
    async [Symbol.asyncDispose]() {
      app.kill('SIGKILL')
      await app.ended
      deployer.redis.disconnect()
    },
  }
}

describe.concurrent.each(clients)('$client', { timeout: LIMIT_MS }, (client) => {
  it('finishes what runs, starts nothing while held, and goes on', async ({ expect }) => {
    await using it = open(client, 'drain')
    await expect.poll(() => it.count('ticks'), SOON).toBeGreaterThan(0)
    await it.give(15_000)
    await expect.poll(() => it.count('started'), SOON).toBe(1)
    const owner = await it.deployer.acquire({ leaseMs: 90_000 })
    const row = () => it.deployer.row()
    await expect.poll(row, SOON).toMatchObject({ state: 'draining', running: 1, epoch: owner.epoch })
    await expect.poll(row, SOON).toMatchObject({ state: 'drained', running: 0, finished: 1, stored: 0 })
    expect(await it.count('finished')).toBe(1)
    const ticks = await it.count('ticks')
    await it.give(1)
    await it.deployer.commit(owner)
    expect(await it.count('ticks')).toBe(ticks)
    expect(await it.count('started')).toBe(1)
    await it.deployer.finish(owner, 'aborted')
    await expect.poll(() => it.count('finished'), { ...SOON, timeout: 70_000 }).toBe(2)
    expect(await row()).toMatchObject({ state: 'running' })
  })

  it('puts jobs away when it is told to', async ({ expect }) => {
    await using it = open(client, 'force')
    await expect.poll(() => it.count('ticks'), SOON).toBeGreaterThan(0)
    await it.give(600_000)
    await expect.poll(() => it.count('started'), SOON).toBe(1)
    const owner = await it.deployer.acquire()
    await it.deployer.force(owner)
    await expect.poll(() => it.deployer.row(), SOON).toMatchObject({ state: 'drained', stored: 1 })
    expect(await it.count('stored')).toBe(1)
  })

  it('goes on by itself when the lease runs out', async ({ expect }) => {
    await using it = open(client, 'lapse')
    await expect.poll(() => it.count('ticks'), SOON).toBeGreaterThan(0)
    await it.deployer.acquire({ leaseMs: 15_000 })
    await expect.poll(() => it.deployer.row(), SOON).toMatchObject({ state: 'drained' })
    const ticks = await it.count('ticks')
    await expect.poll(() => it.count('ticks'), SOON).toBeGreaterThan(ticks)
    await expect.poll(() => it.deployer.row(), SOON).toMatchObject({ state: 'running' })
  })

  it('that boots into a drain waits, and ends without ever having scheduled', async ({ expect }) => {
    await using it = open(client, 'boot')
    await expect.poll(() => it.deployer.row(), SOON).toMatchObject({ state: 'running' })
    await it.deployer.acquire()
    await expect.poll(() => it.deployer.row(), SOON).toMatchObject({ state: 'drained' })
    it.app.kill('SIGKILL')
    await it.app.ended
    const ticks = await it.count('ticks')
    const again = it.boot()
    await expect
      .poll(() => it.deployer.rows(), SOON)
      .toMatchObject([{ state: 'drained' }, { state: 'drained' }])
    again.kill('SIGTERM')
    expect(await again.ended).toBe('SIGTERM')
    expect(await it.deployer.row()).toMatchObject({ state: 'exited' })
    expect(await it.count('ticks')).toBe(ticks)
  })

  it('finishes its job at SIGTERM, says goodbye, and dies of the signal', async ({ expect }) => {
    await using it = open(client, 'sigterm')
    await expect.poll(() => it.count('ticks'), SOON).toBeGreaterThan(0)
    await it.give(3_000)
    await expect.poll(() => it.count('started'), SOON).toBe(1)
    it.app.kill('SIGTERM')
    expect(await it.app.ended).toBe('SIGTERM')
    expect(await it.count('finished')).toBe(1)
    expect(await it.deployer.row()).toMatchObject({ state: 'exited', finished: 1 })
  })
})
