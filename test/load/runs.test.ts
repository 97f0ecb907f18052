import { getEventListeners } from 'node:events'
import { readdirSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { readPlan } from '../../src/action/inputs.ts'
import { AppRedis } from '../../src/deploy/app-redis.ts'
import { deploy, type Heroku, type Target } from '../../src/deploy/deploy.ts'
import { DeployError, type Outcome } from '../../src/outcome.ts'
import { join } from '../../src/participant/join.ts'
import { systemTime, type Time } from '../../src/time.ts'
import { App } from '../participant/support/app.ts'
import { Deployer } from '../participant/support/deployer.ts'
import { LIMIT, Lines } from '../participant/support/lines.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'

vi.setConfig({ testTimeout: 120_000 })

const RUNS = 25
const TARGET: Target = {
  what: 'HEAD is 01234567',
  commit: '0123456789abcdef',
  webUrl: 'https://shop.example.com/',
  upToDate: false,
  currentRelease: 'v42',
  publish: async () => {},
  verify: async () => 'v43',
  rollBack: () => Promise.reject(new Error('not asked for')),
}

let server: RedisServer
let watcher: Deployer
beforeAll(async () => {
  server = await startRedis({ appendonly: false })
  watcher = new Deployer(server.url)
})
afterAll(async () => {
  watcher.redis.disconnect()
  await server.stop()
})

/** The machine's own time, and how many sleep by it. */
class CountedTime implements Time {
  sleeping = 0
  readonly now = systemTime.now
  readonly sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    this.sleeping++
    try {
      await systemTime.sleep(ms, signal)
    } finally {
      this.sleeping--
    }
  }
}

const warned: string[] = []
const onWarning = ({ name, message }: Error) => warned.push(`${name}: ${message}`)
process.on('warning', onWarning)
afterEach(() => void process.off('warning', onWarning))

/** Connections of the gate. */
async function connections(): Promise<number> {
  return String(await watcher.redis.client('LIST')).match(/ name=deploy-gate /g)?.length ?? 0
}

async function boot() {
  const app = new App({})
  const clock = await join(app, { redisUrl: server.url, dyno: 'clock.1', handleSigterm: false, log: app.log })
  await expect.poll(() => clock.state, LIMIT).toBe('running')
  return { app, clock }
}

it('25 deploys in one process leave no file, listener or timer behind, however they end', async () => {
  const time = new CountedTime()
  const shared = new AbortController()
  let running = await boot()
  let [asked, withdrawn] = [0, 0]

  /** With a Heroku where a push is what `push` says; all but those that are cancelled have one signal, as if in one step. */
  const run = async (
    publish: () => Promise<void>,
    over: Partial<Target> = {},
    cancel: AbortController = shared,
  ): Promise<Outcome> => {
    const inputs: Record<string, string> = {
      'heroku-app': 'shop',
      'heroku-api-key': 'HRKU-5ecre7',
      'redis-url': server.url,
      'wait-for-clock': '30s',
    }
    const heroku: Heroku = {
      preflight: async () => ({ ...TARGET, publish, ...over }),
      configVar: () => Promise.reject(new Error('not asked for')),
      tellTo: () => {},
      dynosUp: async () => {},
      inDyno: () => Promise.reject(new Error('not asked for')),
    }
    const plan = readPlan({ getInput: (name) => inputs[name] ?? '', env: {} })
    const { outcome } = await deploy(plan, {
      heroku,
      redis: new AppRedis(plan, { time, mask: () => {}, configVar: heroku.configVar }),
      log: new Lines(),
      group: (_, work) => work(),
      time,
      cancel: cancel.signal,
      fetch: () => Promise.reject(new Error('not asked for')),
      mask: () => {},
      remember: () => {},
    })
    expect(getEventListeners(cancel.signal, 'abort')).toEqual([])
    return outcome
  }

  const endings: (() => Promise<void>)[] = [
    async () => {
      const old = running
      const replace = async () => {
        running = await boot()
      }
      expect(await run(replace)).toBe('deployed')
      await old.clock.leave()
      expect(old.app.calls.filter((call) => call === 'drain')).toHaveLength(asked + 1)
      expect(old.app.calls.filter((call) => call === 'resume')).toHaveLength(withdrawn)
      ;[asked, withdrawn] = [0, 0]
    },
    async () => {
      const broken = new DeployError('build-failed', 'No.', 'Mend it.')
      expect(await run(() => Promise.reject(broken))).toBe('build-failed')
      ;[asked, withdrawn] = [asked + 1, withdrawn + 1]
    },
    async () => {
      const cancel = new AbortController()
      const stopped = async () => {
        cancel.abort(new DeployError('cancelled', 'Stopped.', 'Again.'))
        throw new Error('the push was ended')
      }
      expect(await run(stopped, {}, cancel)).toBe('cancelled')
      ;[asked, withdrawn] = [asked + 1, withdrawn + 1]
    },
    async () => {
      expect(await run(async () => {}, { upToDate: true })).toBe('up-to-date')
    },
    async () => {
      expect(await run(async () => {}, { verify: () => Promise.reject(new Error('what')) })).toBe('failed')
      ;[asked, withdrawn] = [asked + 1, withdrawn + 1]
    },
  ]
  const measure = async () => {
    // The server forgets a connection a moment after its end.
    await expect.poll(connections, LIMIT).toBe(1)
    return {
      files: readdirSync('/dev/fd').length,
      sleeping: time.sleeping,
      listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
      timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    }
  }
  let first: Awaited<ReturnType<typeof measure>> | undefined
  for (let at = 0; at < RUNS; at++) {
    await endings[at % endings.length]?.()
    await expect.poll(() => running.clock.state, LIMIT).toBe('running')
    // After a round of each, and again after the last one.
    if (at === endings.length - 1) first = await measure()
  }
  const last = await measure()
  // One more or less is under way by chance; what is left behind is there for each deploy.
  for (const name of ['files', 'listeners', 'timers'] as const)
    expect(last[name], name).toBeLessThanOrEqual((first?.[name] ?? 0) + 2)
  expect(last.sleeping).toBe(0)
  expect(warned).toEqual([])
  await running.clock.leave()
})
