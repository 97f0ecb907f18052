import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { join, type Participation } from '../../src/participant/join.ts'
import type { JoinOptions } from '../../src/participant/options.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { App } from './support/app.ts'
import { Deployer } from './support/deployer.ts'

vi.setConfig({ testTimeout: 30_000 })

let server: RedisServer
let deployer: Deployer
const joined: { app: App; participation: Promise<Participation> }[] = []

beforeAll(async () => {
  server = await startRedis()
  deployer = new Deployer(server.url)
})
afterAll(async () => {
  deployer.redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await deployer.redis.flushall()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  // Whoever is held since its boot joins only when nothing holds it any more.
  await deployer.redis.hset(deployer.keys.intent, 'phase', 'aborted')
  await deployer.redis.publish(deployer.keys.doorbell, 'beat')
  for (const { app, participation } of joined.splice(0)) {
    app.release()
    await (await participation).leave()
  }
})

/** An app that joins, and may wait for that. */
function joining(app = new App(), options: JoinOptions = {}) {
  const participation = join(app, {
    redisUrl: server.url,
    dyno: 'clock.1',
    handleSigterm: false,
    log: app.log,
    ...options,
  })
  joined.push({ app, participation })
  return participation
}

/** An app that has joined. */
async function clock(app = new App(), options: JoinOptions = {}) {
  const participation = await joining(app, options)
  await deployer.sees({ state: 'running' }, options.dyno)
  return { app, participation }
}

describe("an app's own log", () => {
  it.each([
    ['throws', () => fails()],
    ['rejects', async () => fails()],
  ])('that %s changes nothing of what the process does, and its lines are not lost', async (_, write) => {
    const [info, warn] = [vi.spyOn(console, 'log'), vi.spyOn(console, 'warn')]
    try {
      for (const spy of [info, warn]) spy.mockImplementation(() => {})
      const app = new App({})
      await clock(app, { log: { info: write, warning: write } })
      app.onResume = () => Promise.reject(new Error('no'))
      const owner = await deployer.acquire()
      await deployer.sees({ state: 'drained' })
      await deployer.finish(owner, 'aborted')
      await app.told('drain', 'resume')
      await deployer.sees({ state: 'running' })
      expect(info).toHaveBeenCalledWith(
        expect.stringMatching(/a deploy asks to drain.*did not take this: Error: the disk is full/),
      )
      expect(warn).toHaveBeenCalledWith(expect.stringMatching(/the resume handler failed.*disk is full/))
    } finally {
      vi.restoreAllMocks()
    }
  })
})

function fails(): never {
  throw new Error('the disk is full')
}

describe('a process that boots', () => {
  it('runs at once when nothing is asked of it, and says who it is', async () => {
    vi.stubEnv('HEROKU_APP_NAME', 'shop')
    vi.stubEnv('HEROKU_RELEASE_VERSION', 'v42')
    const { app, participation } = await clock()
    expect(participation).toMatchObject({
      state: 'running',
      id: expect.stringMatching(/^clock\.1#[0-9a-f-]{36}$/),
    })
    expect(await deployer.row()).toMatchObject({
      id: participation.id,
      v: '1',
      type: 'clock',
      dyno: 'clock.1',
      app: 'shop',
      release: 'v42',
      state: 'running',
    })
    expect(app.calls).toEqual([])
  })

  it('takes its name from the environment, and another id each time', async () => {
    vi.stubEnv('DYNO', 'worker-12a34b56d-e78f9')
    const app = new App()
    const options = { redisUrl: server.url, handleSigterm: false, log: app.log }
    const [one, two] = [join(app, options), join(app, options)]
    joined.push({ app, participation: one }, { app, participation: two })
    expect((await one).id).not.toBe((await two).id)
    expect(await deployer.row('worker-12a34b56d-e78f9')).toMatchObject({ type: 'worker' })
  })

  it('is held before it schedules anything while a drain is in force, and joins when that ends', async () => {
    const owner = await deployer.acquire()
    const app = new App()
    let free = false
    const participation = joining(app).then((value) => {
      free = true
      return value
    })
    const row = await deployer.sees({ state: 'drained', epoch: owner.epoch })
    expect(row.hold).toBeGreaterThan(row.seen)
    await deployer.beaten()
    expect(free).toBe(false)
    await deployer.finish(owner, 'aborted')
    expect((await participation).state).toBe('running')
    // Nothing was scheduling: there was nothing to drain, and the app starts its scheduler when it has joined.
    expect(app.calls).toEqual([])
    expect((await deployer.beaten()).epoch).toBeUndefined()
  })

  it('is released from its boot by the lapse, when the deployer has vanished', async () => {
    await deployer.acquire({ leaseMs: 300 })
    const app = new App()
    expect((await joining(app)).state).toBe('running')
    expect(app.calls).toEqual([])
  })

  it('is held during the push when it runs the release that is being replaced, and runs as its successor otherwise', async () => {
    await clock(new App({}))
    const owner = await deployer.acquire({ replaces: 'v42' })
    await deployer.sees({ state: 'drained', epoch: owner.epoch })
    await deployer.commit(owner)
    vi.stubEnv('HEROKU_RELEASE_VERSION', 'v42')
    const old = joining(new App(), { dyno: 'clock.2' })
    await deployer.sees({ state: 'drained', epoch: owner.epoch }, 'clock.2')
    vi.stubEnv('HEROKU_RELEASE_VERSION', 'v43')
    await clock(new App(), { dyno: 'clock.3' })
    expect(await deployer.row('clock.3')).toMatchObject({ after: owner.epoch })
    await deployer.finish(owner, 'aborted')
    expect((await old).state).toBe('running')
  })

  it('runs at once when the drain is for another process type', async () => {
    await deployer.acquire({ types: ['worker'] })
    await clock()
  })

  it('takes part in the gate of its name alone', async () => {
    const other = new Deployer(server.url, 'shop')
    vi.stubEnv('DEPLOY_GATE_NAME', 'shop')
    const app = new App()
    const participation = await joining(app)
    await other.sees({ id: participation.id, state: 'running' })
    expect(await deployer.rows()).toEqual([])
    await clock(new App(), { gateName: 'default', dyno: 'clock.2' })
    const owner = await other.acquire()
    await app.draining()
    expect(await deployer.beaten('clock.2')).toMatchObject({ state: 'running' })
    await other.finish(owner, 'aborted')
    other.redis.disconnect()
  })
})

describe('a drain', () => {
  it('gives the handler a signal and a report, shows its progress, and is acknowledged when the handler is done', async () => {
    const { app, participation } = await clock()
    const owner = await deployer.acquire()
    const drain = await app.draining()
    expect(drain.signal.aborted).toBe(false)
    await deployer.sees({ state: 'draining', epoch: owner.epoch, running: 0 })
    drain.report({ running: 2, note: 'counting\n boxes' })
    await deployer.sees({ state: 'draining', running: 2, finished: 0, note: 'counting boxes' })
    drain.report({ running: 1, finished: 1 })
    await deployer.sees({ state: 'draining', running: 1, finished: 1, stored: 0, note: 'counting boxes' })
    drain.end({ finished: 1, stored: 1 })
    const row = await deployer.sees({ state: 'drained', running: 0, finished: 1, stored: 1 })
    expect(row).toMatchObject({
      epoch: owner.epoch,
      hold: Number(await deployer.redis.hget(deployer.keys.intent, 'expiry')),
    })
    expect(participation.state).toBe('drained')
    await deployer.commit(owner)
    expect(app.calls).toEqual(['drain'])
    expect(app.log.lines).toEqual([
      'a deploy asks to drain: starting nothing new',
      'drained: 1 finished, 1 stored',
    ])
  })

  it('that is withdrawn resumes', async () => {
    const { app } = await clock(new App({}))
    const owner = await deployer.acquire()
    await deployer.sees({ state: 'drained' })
    await deployer.finish(owner, 'aborted')
    await app.told('drain', 'resume')
    expect((await deployer.sees({ state: 'running' })).epoch).toBeUndefined()
    expect(app.log.lines.at(-1)).toBe('resuming: the drain was withdrawn')
  })

  it('that is withdrawn while the handler waits resumes at once, aborts no job, and hears no more of that handler', async () => {
    const { app } = await clock()
    const owner = await deployer.acquire()
    const drain = await app.draining()
    await deployer.finish(owner, 'aborted')
    await app.told('drain', 'resume')
    expect(drain.signal.aborted).toBe(false)
    drain.report({ running: 9 })
    drain.end({ finished: 9 })
    expect(await deployer.beaten()).toMatchObject({ state: 'running', running: 0, finished: 0 })
    const next = await deployer.acquire()
    await app.draining(2)
    await deployer.sees({ state: 'draining', epoch: next.epoch, finished: 0 })
  })

  it('that is withdrawn while the app still resumes from the one before never leaves it stopped', async () => {
    const { app } = await clock(new App({}))
    const slow = Promise.withResolvers<void>()
    app.onResume = () => slow.promise
    const first = await deployer.acquire()
    await deployer.sees({ state: 'drained' })
    await deployer.finish(first, 'aborted')
    await app.told('drain', 'resume')
    const second = await deployer.acquire()
    await deployer.sees({ state: 'draining', epoch: second.epoch })
    await deployer.finish(second, 'aborted')
    await deployer.sees({ state: 'running' })
    slow.resolve()
    await deployer.beaten()
    expect(app.calls.at(-1)).toBe('resume')
  })

  it('is refused when the handler fails: it says why, resumes, and can be asked again', async () => {
    const { app } = await clock()
    const owner = await deployer.acquire()
    ;(await app.draining()).fail(new Error(`the warehouse\nis being counted ${'x'.repeat(300)}`))
    const row = await deployer.sees({ state: 'failed', epoch: owner.epoch })
    expect(row.note).toMatch(/^the warehouse is being counted x+$/)
    expect(row.note).toHaveLength(200)
    await app.told('drain', 'resume')
    expect(await deployer.beaten()).toMatchObject({ state: 'failed' })
    await deployer.finish(owner, 'aborted')
    const after = await deployer.sees({ state: 'running' })
    expect(after.note).toBeUndefined()
    const next = await deployer.acquire()
    ;(await app.draining(2)).end()
    await deployer.sees({ state: 'drained', epoch: next.epoch })
    expect(
      app.log.matching(/^warning: the drain handler failed, so this deploy is refused: the warehouse/),
    ).toHaveLength(1)
  })

  it('is refused also when the handler throws at once, or without a message', async () => {
    class Throwing extends App {
      override readonly drain = (): never => {
        throw ''
      }
    }
    await clock(new Throwing())
    await deployer.acquire()
    await deployer.sees({ state: 'failed', note: 'the drain handler failed without a message' })
  })

  it('tells when the resume handler fails', async () => {
    const { app } = await clock(new App({}))
    app.onResume = () => {
      throw new Error('no ladder')
    }
    const owner = await deployer.acquire()
    await deployer.sees({ state: 'drained' })
    await deployer.finish(owner, 'aborted')
    await app.log.saw(/^warning: the resume handler failed, .*not be scheduling: Error: no ladder$/)
  })

  it('that is forced aborts the signal, and is acknowledged with what was stored', async () => {
    const { app } = await clock()
    const owner = await deployer.acquire()
    const drain = await app.draining()
    await deployer.force(owner)
    await app.told('drain', 'force')
    drain.end({ stored: 3 })
    await deployer.sees({ state: 'drained', stored: 3 })
    expect(String(drain.signal.reason)).toMatch(/time is up: abort the running jobs and store them/)
  })

  it('that is forced before it was heard of forces a handler that listens already', async () => {
    const owner = await deployer.acquire({ types: ['clock'] })
    await deployer.redis.hset(deployer.keys.intent, 'phase', 'aborted')
    const { app } = await clock()
    await deployer.redis.hset(deployer.keys.intent, 'phase', 'draining')
    await deployer.force(owner)
    await app.told('drain', 'force')
  })

  it('for another process type is ignored', async () => {
    const { app } = await clock()
    const owner = await deployer.acquire({ types: ['worker'] })
    expect(await deployer.beaten()).toMatchObject({ state: 'running' })
    await deployer.force(owner)
    expect((await deployer.beaten()).epoch).toBeUndefined()
    expect(app.calls).toEqual([])
  })

  it('whose deployer vanishes lapses: the app resumes by itself', async () => {
    const { app } = await clock(new App({}))
    await deployer.acquire({ leaseMs: 400 })
    await app.told('drain', 'resume')
    expect((await deployer.sees({ state: 'running' })).epoch).toBeUndefined()
    await app.log.saw(/^resuming: the drain ended \(lapsed\)$/)
  })

  it('whose deployer vanishes while the handler waits lapses too', async () => {
    const { app } = await clock()
    await deployer.acquire({ leaseMs: 400 })
    await app.told('drain', 'resume')
    await deployer.sees({ state: 'running' })
  })

  it('passes to a higher epoch without resuming in between', async () => {
    const { app } = await clock(new App({}))
    await deployer.acquire()
    const { epoch } = await deployer.sees({ state: 'drained' })
    await deployer.redis.hset(deployer.keys.intent, 'expiry', 1)
    const next = await deployer.acquire()
    await deployer.sees({ state: 'drained', epoch: next.epoch })
    expect(next.epoch).not.toBe(epoch)
    expect(app.calls).toEqual(['drain'])
  })

  it('that was released keeps it quiet', async () => {
    const { app, participation } = await clock(new App({}))
    const owner = await deployer.acquire()
    await deployer.sees({ state: 'drained' })
    await deployer.commit(owner)
    await deployer.finish(owner, 'released')
    expect(await deployer.beaten()).toMatchObject({ state: 'drained', epoch: owner.epoch })
    expect(await deployer.beaten()).toMatchObject({ state: 'drained', epoch: owner.epoch })
    await participation.leave()
    expect(await deployer.row()).toMatchObject({ state: 'exited' })
    expect(app.calls).toEqual(['drain'])
  })
})

describe('a process that leaves', () => {
  it('drains first, says goodbye, disconnects, and never resumes', async () => {
    const { app, participation } = await clock()
    const left = participation.leave()
    const drain = await app.draining()
    await deployer.sees({ state: 'draining' })
    drain.end({ finished: 1 })
    await left
    expect(await deployer.row()).toMatchObject({ state: 'exited', finished: 1 })
    await expect.poll(() => participants(), { timeout: 20_000 }).toEqual([])
    expect(app.calls).toEqual(['drain'])
    expect(app.log.lines[0]).toBe('leaving: starting nothing new')
    await participation.leave()
  })

  it('leaves also when its drain handler fails', async () => {
    const { app, participation } = await clock()
    const left = participation.leave()
    ;(await app.draining()).fail(new Error('no'))
    await left
    expect(await deployer.row()).toMatchObject({ state: 'exited' })
    expect(app.calls).toEqual(['drain'])
  })

  it('has its app close what it must when it has drained, once, and tells when that fails', async () => {
    const app = new App()
    const leave = vi.fn(() => {
      throw new Error('the queue is stuck')
    })
    const { participation } = await clock(Object.assign(app, { leave }))
    const left = Promise.all([participation.leave(), participation.leave()])
    const drain = await app.draining()
    expect(leave).not.toHaveBeenCalled()
    drain.end()
    await left
    expect(leave).toHaveBeenCalledOnce()
    expect(app.log.lines.at(-1)).toBe('warning: the leave handler failed: Error: the queue is stuck')
    expect(await deployer.row()).toMatchObject({ state: 'exited' })
    await expect.poll(() => participants(), { timeout: 20_000 }).toEqual([])
  })

  it('acknowledges the drain of a deploy that comes meanwhile', async () => {
    const { app, participation } = await clock()
    const left = participation.leave()
    const drain = await app.draining()
    const owner = await deployer.acquire()
    await deployer.sees({ state: 'draining', epoch: owner.epoch })
    drain.end()
    await left
    expect(await deployer.row()).toMatchObject({ state: 'exited', epoch: owner.epoch })
  })
})

it('uses one connection, and hears the doorbell on it', async () => {
  const { app } = await clock()
  expect(await participants()).toHaveLength(1)
  await deployer.acquire()
  await app.draining()
  expect(await participants()).toEqual([expect.stringMatching(/ sub=1 .* resp=3/)])
})

describe('options', () => {
  const env = { REDIS_URL: '', DEPLOY_GATE_NAME: '', DYNO: '' }
  it.each<[string, JoinOptions, Partial<typeof env>, RegExp]>([
    ['no URL', {}, {}, /no Redis URL\. Set REDIS_URL, or pass redisUrl to join\(\)/],
    [
      'a URL that is none',
      { redisUrl: 'sesame' },
      {},
      /redisUrl can't be used: it is not a URL\. Expected redis:\/\//,
    ],
    [
      'a wrong REDIS_URL',
      {},
      { REDIS_URL: 'http://u:sesame@h' },
      /REDIS_URL can't be used: it begins with neither/,
    ],
    [
      'a gate name with a brace',
      { redisUrl: 'redis://h', gateName: 'a}b' },
      {},
      /gate name "a}b" can't be used\. Expected 1 to 64 letters/,
    ],
    ['an empty gate name', { redisUrl: 'redis://h', gateName: '' }, {}, /gate name "" can't be used/],
    [
      'a wrong DEPLOY_GATE_NAME',
      { redisUrl: 'redis://h' },
      { DEPLOY_GATE_NAME: 'a b' },
      /gate name "a b" can't be used/,
    ],
    [
      'half a fingerprint',
      { redisUrl: 'redis://h', certificateFingerprint: 'AB:CD' },
      {},
      /certificateFingerprint is not a SHA-256 in hex\. Expected 64 hex digits/,
    ],
  ])('are refused: %s', async (_, options, over, message) => {
    for (const [name, value] of Object.entries({ ...env, ...over })) vi.stubEnv(name, value)
    const error = await join(new App(), options).then(
      () => undefined,
      (reason: Error) => reason,
    )
    expect(error?.message).toMatch(message)
    expect(error?.message).not.toContain('sesame')
  })
})

/** The connections of participants, as the server lists them. */
async function participants(): Promise<string[]> {
  const all = String(await deployer.redis.client('LIST'))
  return all.split('\n').filter((line) => line.includes('name=deploy-gate'))
}
