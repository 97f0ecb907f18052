import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { acquireGate, inspectGate, newDeployId } from '../../src/gate/gate.ts'
import type { Hold } from '../../src/gate/hold.ts'
import type { DrainTerms } from '../../src/gate/terms.ts'
import { DeployError } from '../../src/outcome.ts'
import { finish } from '../../src/protocol/drain.ts'
import { App } from '../participant/support/app.ts'
import { LIMIT } from '../participant/support/lines.ts'
import { ASKER, openScene, type Scene, TERMS } from './support/scene.ts'

vi.setConfig({ testTimeout: 30_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

/** What `work` was rejected with, which must be a DeployError. */
async function complaint(
  work: Promise<unknown>,
): Promise<{ outcome: string; message: string; next: string }> {
  const error = await work.then(
    (value) => new Error(`resolved with ${value}`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof DeployError)) throw error
  const { outcome, message, next } = error
  return { outcome, message, next }
}

/** The story of a deploy up to the commit: leaving it gives everybody back. */
async function drainAndCommit(terms: Partial<DrainTerms> = {}, numbers = {}): Promise<string> {
  await using hold = await scene.acquire(terms, numbers)
  const everybody = await hold.drained()
  await hold.commit(!everybody)
  return everybody ? 'strict' : 'anyway'
}

const phase = () => scene.other.redis.hget(scene.other.keys.intent, 'phase')
const clocks = (atLeast: number, type = 'clock') => [{ type, atLeast, demanded: true }]

describe('a drain', () => {
  it('opens the gate when all have drained, and tells of each change in one line', async () => {
    const app = await scene.clock(new App())
    const hold = await scene.acquire()
    const drained = hold.drained()
    const drain = await app.draining()
    drain.report({ running: 2, note: 'counting boxes' })
    await scene.log.saw(/2 jobs running/)
    drain.report({ running: 1, finished: 1 })
    await scene.log.saw(/1 job running/)
    drain.end({ stored: 1 })
    expect(await drained).toBe(true)
    await hold.commit()
    expect(await phase()).toBe('pushing')
    await hold.release()
    await hold[Symbol.asyncDispose]()
    // Whether the first look finds it unanswered, and which counts it accepted with, is a matter of microseconds.
    const lines = scene.log.lines.filter((line) => !/is asked to drain|^clock\.1: 2 jobs/.test(line))
    expect(lines).toEqual([
      expect.stringMatching(/^clock\.1 accepted: [02] jobs running, 0 finished, 0 stored/),
      'clock.1: 1 job running, 1 finished, 0 stored (counting boxes)',
      'clock.1 is drained: 1 finished, 1 stored (counting boxes)',
    ])
    expect(new Set(scene.log.lines).size).toBe(scene.log.lines.length)
    expect(hold.participants).toMatchObject([
      {
        dyno: 'clock.1',
        type: 'clock',
        state: 'drained',
        finished: 1,
        stored: 1,
        running: 0,
        fromStart: true,
      },
    ])
    expect(app.calls).toEqual(['drain'])
  })

  it('waits for all of them', async () => {
    const [one, two] = [await scene.clock(), await scene.clock(new App(), 'clock.2')]
    const hold = await scene.acquire()
    let over = false
    const drained = hold.drained().finally(() => {
      over = true
    })
    await scene.log.saw(/^clock\.1 is drained/)
    const late = await two.draining()
    await scene.log.saw(/^clock\.2 accepted/)
    expect(over).toBe(false)
    late.end()
    expect(await drained).toBe(true)
    await hold.commit()
    await hold[Symbol.asyncDispose]()
    await one.told('drain', 'resume')
    await two.told('drain', 'resume')
  })

  it.each([
    ['answered', 'drained', {}],
    ['refused', 'failed', { note: 'not now' }],
  ] as const)('is not %s by what a participant still says of an earlier one', async (_, state, more) => {
    const clock = scene.scripted()
    await clock.beat()
    const first = await scene.other.acquire()
    await clock.answer(state, more)
    await scene.other.finish(first, 'aborted')
    const hold = await scene.acquire()
    expect(hold.participants).toMatchObject([{ dyno: 'clock.1', state: 'running' }])
    const drained = hold.drained()
    await clock.answer('drained')
    expect(await drained).toBe(true)
    await hold[Symbol.asyncDispose]()
  })

  it('counts a clock that boots meanwhile, and waits for one that ended to come back', async () => {
    const old = scene.scripted()
    await old.beat()
    const hold = await scene.acquire()
    const drained = hold.drained()
    await old.beat({ state: 'exited' })
    await scene.log.saw(/^clock\.1 ended; waiting for Heroku to start it again$/)
    const joined = scene.clock(new App(), 'clock.2')
    expect(await drained).toBe(true)
    await hold[Symbol.asyncDispose]()
    await joined
  })
})

describe('nobody there', () => {
  it('fails after the acknowledge-timeout, not before', async () => {
    const worker = scene.scripted('worker.1', 'worker')
    await worker.beat()
    expect(await complaint(drainAndCommit({ acknowledgeTimeoutMs: 300 }))).toEqual({
      outcome: 'missing-clock',
      message: expect.stringMatching(/^No clock took part within 0\.3 s\. Nothing was pushed/),
      next: expect.stringMatching(/heroku ps.*REDIS_URL.*on-missing-clock: deploy/),
    })
    expect(await phase()).toBe('aborted')
  })

  it('is waited for up to then', async () => {
    const hold = await scene.acquire()
    const drained = hold.drained()
    const clock = scene.scripted()
    await clock.answer('drained')
    expect(await drained).toBe(true)
    await hold[Symbol.asyncDispose]()
  })

  it('is passed over with on-missing-clock: deploy, with a warning', async () => {
    expect(await drainAndCommit({ acknowledgeTimeoutMs: 200, onMissingClock: 'deploy' })).toBe('strict')
    expect(scene.log.matching(/^warning: nobody takes part for clock; deploying all the same/)).toHaveLength(
      1,
    )
  })

  it('is not passed over when a number was asked for', async () => {
    const terms = { acknowledgeTimeoutMs: 200, onMissingClock: 'deploy', asked: clocks(1) } as const
    expect(await complaint(drainAndCommit(terms))).toMatchObject({ outcome: 'missing-clock' })
  })

  it('of one type, while another has too few: both are named', async () => {
    await scene.clock(new App({}), 'worker.1')
    await scene.clock(new App({}), 'worker.2')
    const asked = [...clocks(3, 'worker'), ...clocks(1)]
    expect(await complaint(drainAndCommit({ acknowledgeTimeoutMs: 300, asked }))).toMatchObject({
      outcome: 'missing-clock',
      message: expect.stringMatching(/^2 of 3 worker participants and no clock took part within 0\.3 s/),
    })
  })
})

describe('a participant', () => {
  it('that never answers fails the deploy after the acknowledge-timeout', async () => {
    await scene.scripted().beat()
    expect(await complaint(drainAndCommit({ acknowledgeTimeoutMs: 300 }))).toEqual({
      outcome: 'not-acknowledged',
      message: expect.stringMatching(
        /^clock\.1 did not accept the drain request within 0\.3 s\. Nothing was pushed/,
      ),
      next: expect.stringMatching(/heroku ps.*heroku logs.*acknowledge-timeout/),
    })
    expect(await phase()).toBe('aborted')
  })

  it('that refuses fails the deploy with its reason, and everybody goes on', async () => {
    const willing = await scene.clock(new App({}), 'clock.2')
    const app = await scene.clock(new App())
    const ended = complaint(drainAndCommit())
    ;(await app.draining()).fail(new Error('the warehouse is being counted'))
    expect(await ended).toEqual({
      outcome: 'refused',
      message: expect.stringMatching(
        /^clock\.1 refused to drain: the warehouse is being counted\. Nothing was pushed/,
      ),
      next: expect.stringMatching(/heroku logs --dyno clock\.1.*skip-drain: true/),
    })
    expect(scene.log.matching(/refuses/)).toEqual([
      'clock.1 refuses to drain (the warehouse is being counted)',
    ])
    await app.told('drain', 'resume')
    await scene.other.sees({ state: 'running' }, 'clock.2')
    expect(willing.calls.at(-1)).toBe(willing.calls.length > 0 ? 'resume' : undefined)
  })

  it('that refuses after all had drained fails the commit', async () => {
    const [one, two] = [scene.scripted(), scene.scripted('clock.2')]
    await one.beat()
    await two.beat()
    await using hold = await scene.acquire()
    await one.answer('drained')
    await two.answer('drained')
    expect(await hold.drained()).toBe(true)
    await one.answer('failed', { note: 'changed my mind' })
    expect(await complaint(hold.commit())).toMatchObject({ outcome: 'refused' })
  })

  it('that is too slow fails the deploy', async () => {
    const app = await scene.clock(new App())
    const ended = complaint(drainAndCommit({ drainTimeoutMs: 400 }))
    const drain = await app.draining()
    drain.report({ running: 1, note: 'counting boxes' })
    expect(await ended).toEqual({
      outcome: 'drain-timeout',
      message: 'Not drained within 0.4 s: clock.1 (1 job running, counting boxes).',
      next: expect.stringMatching(/^Nothing was pushed.*Raise drain-timeout.*on-drain-timeout: force/),
    })
    await app.told('drain', 'resume')
    expect(drain.signal.aborted).toBe(false)
  })

  it('that is too slow is told to abort with on-drain-timeout: force', async () => {
    const app = await scene.clock(new App())
    const done = drainAndCommit({ drainTimeoutMs: 400, onDrainTimeout: 'force' })
    const drain = await app.draining()
    drain.report({ running: 2 })
    await expect.poll(() => drain.signal.aborted, LIMIT).toBe(true)
    drain.end({ stored: 2 })
    expect(await done).toBe('strict')
    expect(
      scene.log.matching(
        /^warning: Not drained within 0\.4 s: clock\.1 \(2 jobs running\).*abort what runs and store it/,
      ),
    ).toHaveLength(1)
    expect(scene.log.lines).toContain('clock.1 is drained: 0 finished, 2 stored')
  })

  it('that does not heed the force fails the deploy after the grace', async () => {
    const app = await scene.clock(new App())
    const terms = { drainTimeoutMs: 300, onDrainTimeout: 'force' } as const
    expect(await complaint(drainAndCommit(terms, { forceGraceMs: 300 }))).toMatchObject({
      outcome: 'drain-timeout',
      message: expect.stringMatching(
        /^Not drained within 0\.3 s, nor after they were told to abort: clock\.1/,
      ),
      next: expect.stringMatching(/does not heed its signal/),
    })
    expect(app.calls.slice(0, 2)).toEqual(['drain', 'force'])
    await app.told('drain', 'force', 'resume')
  })

  it('that is too slow is pushed over with on-drain-timeout: deploy, with a warning', async () => {
    const app = await scene.clock(new App())
    expect(await drainAndCommit({ drainTimeoutMs: 300, onDrainTimeout: 'deploy' })).toBe('anyway')
    expect(
      scene.log.matching(/^warning: Not drained within 0\.3 s: clock\.1 .*what runs may be killed/),
    ).toHaveLength(1)
    await app.told('drain', 'resume')
  })

  it('that falls silent while it drains is waited for, and named', async () => {
    const clock = scene.scripted()
    await clock.beat()
    const ended = complaint(drainAndCommit({ drainTimeoutMs: 600 }))
    await scene.log.saw(/asked to drain/)
    await clock.answer('draining', { running: 1 })
    await scene.log.saw(/accepted/)
    await clock.fallSilent()
    expect(await ended).toEqual({
      outcome: 'drain-timeout',
      message:
        'Not drained within 0.6 s: clock.1 (not heard of any more), 0 of 1 clock participants present.',
      next: expect.stringMatching(/./),
    })
    expect(
      scene.log.matching(/^clock\.1 has not been heard of for 1 min; 1 job ran in it and is lost$/),
    ).toHaveLength(1)
  })

  it('that fell silent is replaced by another boot of its dyno', async () => {
    const clock = scene.scripted()
    await clock.beat()
    await using hold = await scene.acquire()
    const drained = hold.drained()
    await clock.answer('draining', { running: 1 })
    await clock.fallSilent()
    await scene.log.saw(/lost$/)
    const app = new App({})
    const joined = scene.clock(app)
    expect(await drained).toBe(true)
    await hold.commit()
    await hold[Symbol.asyncDispose]()
    await joined
    expect(hold.participants.map(({ state, lost }) => [state, lost])).toEqual([
      ['silent', 1],
      ['running', 0],
    ])
  })
})

describe('the commit', () => {
  it('stays shut while a hold is too short, says why once, and gives up', async () => {
    const clock = scene.scripted()
    await clock.beat()
    await using hold = await scene.acquire({}, { marginMs: 2_500, lookEveryMs: 100 })
    const { now } = await clock.beat()
    await clock.answer('drained', { hold: now + 1_000 })
    expect(await hold.drained()).toBe(true)
    expect(await complaint(hold.commit())).toEqual({
      outcome: 'drain-timeout',
      message: expect.stringMatching(
        /^Everybody was drained, but the gate did not open: clock\.1 is held for .* s only, 0 of 1 clock participants are held\./,
      ),
      next: expect.stringMatching(/Run the deploy again.*heroku logs/),
    })
    expect(
      scene.log.matching(
        /^the gate stays shut: clock\.1 is held for .* only, 0 of 1 clock participants are held$/,
      ),
    ).toHaveLength(1)
  })

  it('opens when the hold is long enough after all', async () => {
    const clock = scene.scripted()
    await clock.beat()
    await using hold = await scene.acquire()
    const { now } = await clock.beat()
    await clock.answer('drained', { hold: now + 1_000 })
    await hold.drained()
    const committed = hold.commit()
    await scene.log.saw(/^the gate stays shut/)
    await clock.answer('drained')
    await committed
    expect(await phase()).toBe('pushing')
  })
})

describe('another deploy', () => {
  it('that holds the gate is named', async () => {
    const hold = await scene.acquire()
    const expected = {
      outcome: 'busy',
      message: expect.stringMatching(
        /^Another deploy holds the gate: deploy of 01234567 \(https:\/\/ci\/1\)\. Its lease ends in (60 s|1 min|59 s) unless it is renewed\.$/,
      ),
      next: expect.stringMatching(/Wait for it.*concurrency/),
    }
    expect(await complaint(scene.acquire())).toEqual(expected)
    expect(await complaint(inspectGate(scene.around(), 'default', ASKER, ['clock']))).toEqual(expected)
    await hold[Symbol.asyncDispose]()
    const next = await scene.acquire()
    expect(Number(next.owner.epoch)).toBeGreaterThan(Number(hold.owner.epoch))
    await next[Symbol.asyncDispose]()
  })

  it('whose description is nonsense is named as another deploy', async () => {
    const { redis, keys } = scene.other
    for (const asker of ['{', '7', 'null', '{"name":7}', JSON.stringify({ name: 'x'.repeat(400) })]) {
      await redis.del(keys.intent)
      await scene.other.acquire()
      await redis.hset(keys.intent, 'asker', asker)
      expect((await complaint(scene.acquire())).message).toMatch(
        /^Another deploy holds the gate: another deploy\. Its/,
      )
    }
  })

  it('that speaks another version is not disturbed', async () => {
    await scene.other.acquire()
    await scene.other.redis.hset(scene.other.keys.intent, 'v', '2')
    expect(await complaint(scene.acquire())).toEqual({
      outcome: 'preflight-failed',
      message: expect.stringMatching(/speaks version 2 .* this one speaks 1\.$/),
      next: expect.stringMatching(/one version/),
    })
  })

  it('that had the same id, and is over: a request that came too late asks nobody', async () => {
    const id = newDeployId()
    const first = await acquireGate(scene.around(), id, TERMS, ASKER, '')
    await first[Symbol.asyncDispose]()
    expect(await complaint(acquireGate(scene.around(), id, TERMS, ASKER, ''))).toEqual({
      outcome: 'preflight-failed',
      message: expect.stringMatching(/too late to be valid, so no drain is in force/),
      next: expect.stringMatching(/run the deploy again/),
    })
    expect(await phase()).toBe('aborted')
  })
})

describe('a look at the gate before anybody is asked', () => {
  const inspect = () => inspectGate(scene.around(), 'default', ASKER, ['clock'])

  it('names who takes part, and asks nobody', async () => {
    const app = await scene.clock()
    await scene.scripted('worker.1', 'worker').beat()
    expect((await inspect()).map(({ dyno }) => dyno)).toEqual(['clock.1'])
    expect(await phase()).toBeNull()
    expect(app.calls).toEqual([])
  })

  it('stops at a participant of another app', async () => {
    await scene.scripted().beat({ app: 'office' })
    expect(await complaint(inspect())).toEqual({
      outcome: 'preflight-failed',
      message: 'clock.1 at the gate "default" belongs to the app office, and this deploy is for shop.',
      next: expect.stringMatching(/gate-name.*DEPLOY_GATE_NAME/),
    })
  })

  it('stops at a participant that speaks another version', async () => {
    await scene.scripted().beat({ v: '2' })
    expect(await complaint(inspect())).toEqual({
      outcome: 'preflight-failed',
      message: 'clock.1 speaks version 2 of the drain protocol, this deploy version 1.',
      next: expect.stringMatching(/Update the older one/),
    })
  })
})

describe('a participant that speaks another version and joins during the drain', () => {
  it('is named, and keeps the gate shut', async () => {
    const deploy = await scene.acquire({ acknowledgeTimeoutMs: 1_000 })
    await scene.scripted().beat({ v: '2', state: 'drained' })
    expect(await complaint(deploy.drained())).toEqual({
      outcome: 'not-acknowledged',
      message: expect.stringMatching(
        /^clock\.1 \(it speaks version 2 .*this deploy, which speaks version 1\./,
      ),
      next: expect.stringMatching(/Update the older one/),
    })
    await deploy[Symbol.asyncDispose]()
  })
})

describe('leaving the scope of a hold', () => {
  it('by an exception gives everybody back, and sees them go on', async () => {
    const apps = [await scene.clock(), await scene.clock(new App({}), 'clock.2')]
    let held: Hold | undefined
    const push = async () => {
      await using hold = await scene.acquire({}, { resumeWatchMs: 20_000 })
      held = hold
      await hold.drained()
      await hold.commit()
      throw new Error('the build failed')
    }
    await expect(push()).rejects.toThrow('the build failed')
    for (const app of apps) await app.told('drain', 'resume')
    expect(scene.log.matching(/is scheduling again$/).sort()).toEqual([
      'clock.1 is scheduling again',
      'clock.2 is scheduling again',
    ])
    expect(held?.participants.every(({ resumedMs }) => resumedMs !== undefined)).toBe(true)
    const { quietMs } = held as Hold
    expect(quietMs).toBeGreaterThanOrEqual(0)
    await scene.clock(new App({}), 'clock.3')
    expect(held?.quietMs).toBe(quietMs)
  })

  it('warns of a participant that does not say that it goes on', async () => {
    const clock = scene.scripted()
    await clock.beat()
    const hold = await scene.acquire()
    await clock.answer('drained')
    await hold.drained()
    await hold[Symbol.asyncDispose]()
    expect(
      scene.log.matching(
        /^warning: clock\.1 was told to go on and has not said that it does yet; it resumes by itself/,
      ),
    ).toHaveLength(1)
  })

  it('after a release leaves them quiet', async () => {
    const app = await scene.clock()
    const hold = await scene.acquire()
    await hold.drained()
    await hold.commit()
    await hold.release()
    await hold[Symbol.asyncDispose]()
    expect(await phase()).toBe('released')
    expect(await scene.other.beaten()).toMatchObject({ state: 'drained' })
    expect(app.calls).toEqual(['drain'])
  })

  it('by cancellation gives everybody back', async () => {
    const app = await scene.clock(new App())
    const ended = drainAndCommit()
    await app.draining()
    scene.cancel.abort(new DeployError('cancelled', 'The job was cancelled.', 'Run it again.'))
    expect(await complaint(ended)).toMatchObject({ outcome: 'cancelled' })
    await app.told('drain', 'resume')
  })

  it('by cancellation between the request and its answer gives everybody back', async () => {
    const app = await scene.clock(new App({}))
    const around = scene.around()
    const cancelling = {
      ...around,
      async listen(onReport: () => void) {
        scene.cancel.abort(new DeployError('cancelled', 'The job was cancelled.', 'Run it again.'))
        return around.listen(onReport)
      },
    }
    const ended = acquireGate(cancelling, newDeployId(), TERMS, ASKER, '')
    expect(await complaint(ended)).toMatchObject({ outcome: 'cancelled' })
    expect(await phase()).toBe('aborted')
    await scene.other.sees({ state: 'running' })
    expect(app.calls.at(-1) ?? 'resume').toBe('resume')
  })

  it('never rejects: it says when Redis could not be told', async () => {
    await scene.clock()
    const hold = await scene.acquire()
    await hold.drained()
    await scene.server.kill()
    await hold[Symbol.asyncDispose]()
    expect(
      scene.log.matching(
        /^warning: Redis could not be told that the drain is aborted \(.+\); held participants resume by themselves within (60 s|59 s|1 min)$/,
      ),
    ).toHaveLength(1)
    await scene.server.restart({ keepData: true })
  })
})

describe('the new clock', () => {
  async function released() {
    await scene.clock()
    const hold = await scene.acquire()
    await hold.drained()
    await hold.commit()
    return hold
  }

  it('is seen when it booted after the commit', async () => {
    const hold = await released()
    await scene.clock(new App({}), 'clock.7')
    await hold.release()
    expect(await hold.successor(20_000, 'v43')).toEqual(['clock.7'])
    await hold[Symbol.asyncDispose]()
  })

  it('is waited for', async () => {
    const hold = await released()
    await hold.release()
    const seen = hold.successor(20_000, 'v43')
    await scene.clock(new App({}), 'clock.7')
    expect(await seen).toEqual(['clock.7'])
    const { quietMs } = hold
    expect(quietMs).toBe(hold.quietMs)
    await hold[Symbol.asyncDispose]()
  })

  it('is recognised by its release', async () => {
    const hold = await released()
    await hold.release()
    const known = scene.scripted('clock.8')
    await scene.other.redis.del(scene.other.keys.intent)
    await known.beat({ release: 'v43' })
    expect(await hold.successor(20_000, 'v43')).toEqual(['clock.8'])
    await hold[Symbol.asyncDispose]()
  })

  it('counts only when it schedules', async () => {
    const hold = await released()
    await hold.release()
    await scene.scripted('clock.8').beat({ state: 'booting', release: 'v43' })
    expect(await complaint(hold.successor(300, 'v43'))).toMatchObject({ outcome: 'clock-not-seen' })
    await hold[Symbol.asyncDispose]()
  })

  it('that does not come in time is missed', async () => {
    const hold = await released()
    await hold.release()
    expect(await complaint(hold.successor(300, 'v43'))).toEqual({
      outcome: 'clock-not-seen',
      message: 'v43 is released, but no clock of it joined the gate within 0.3 s.',
      next: expect.stringMatching(/heroku ps.*wait-for-clock/),
    })
    await hold[Symbol.asyncDispose]()
  })
})

describe('a lease that is lost', () => {
  const SOON = { renewEveryMs: 50 }
  const lost = (message: RegExp) => ({
    outcome: 'lease-lost',
    message: expect.stringMatching(message),
    next: expect.stringMatching(/Run the deploy again/),
  })

  it('because the keys are gone, ends the deploy; the held resume by themselves', async () => {
    const app = await scene.clock(new App())
    const ended = complaint(drainAndCommit({}, SOON))
    await app.draining()
    await scene.other.redis.flushall()
    expect(await ended).toEqual(
      lost(/^The drain request is gone from Redis.* Held participants resume by themselves\.$/),
    )
  })

  it('because another deploy took over, names that', async () => {
    const app = await scene.clock(new App())
    const ended = complaint(drainAndCommit({}, { renewEveryMs: 300 }))
    await app.draining()
    const { redis, keys } = scene.other
    await redis.hset(keys.intent, 'expiry', 1)
    const next = await scene.other.acquire()
    expect(await ended).toEqual(lost(/^Another deploy took the gate over: test\./))
    expect(await redis.hmget(keys.intent, 'id', 'phase')).toEqual([next.id, 'draining'])
    expect(scene.log.lines).toContain(
      "warning: the drain was not this deploy's any more when it ended, so nothing was changed",
    )
    expect(scene.log.matching(/scheduling again/)).toEqual([])
  })

  it('because somebody ended it by hand', async () => {
    const app = await scene.clock(new App())
    const hold = await scene.acquire({}, SOON)
    const ended = complaint(hold.drained())
    await app.draining()
    const { redis, keys } = scene.other
    await finish(redis, keys, { id: hold.owner.id, epoch: '' }, 'aborted')
    expect(await ended).toEqual(
      lost(/^The drain was ended by somebody else, by the post step of this job or by deploy-gate resume\./),
    )
    await hold[Symbol.asyncDispose]()
    await app.told('drain', 'resume')
  })

  it('because this process was stopped for too long', async () => {
    const app = await scene.clock(new App())
    const ended = complaint(drainAndCommit({}, SOON))
    await app.draining()
    await scene.other.redis.hset(scene.other.keys.intent, 'expiry', 1)
    expect(await ended).toEqual(lost(/^The drain ran out before it could be renewed/))
  })

  it('because Redis stays away for longer than it lasts', async () => {
    const app = await scene.clock(new App())
    const numbers = { drainLeaseMs: 2_000, renewEveryMs: 200, renewAgainMs: 200 }
    const ended = complaint(drainAndCommit({}, numbers))
    await app.draining()
    await scene.server.kill()
    expect(await ended).toEqual(lost(/^Redis could not be reached for so long that the drain ran out\./))
    await scene.server.restart({ keepData: true })
  })

  it('is told at the commit', async () => {
    await scene.clock()
    await using hold = await scene.acquire()
    await hold.drained()
    await scene.other.redis.flushall()
    expect(await complaint(hold.commit())).toEqual(lost(/^The drain request is gone from Redis/))
  })

  it('is a concern while the deploy runs', async () => {
    await scene.clock()
    await using hold = await scene.acquire({}, SOON)
    await hold.drained()
    await hold.commit()
    expect(await hold.concerns()).toEqual([])
    await scene.other.redis.flushall()
    await expect
      .poll(() => hold.concerns(), LIMIT)
      .toEqual([expect.stringMatching(/^The drain request is gone/)])
  })
})

describe('a Redis that is away for a moment', () => {
  it('does not end a drain', async () => {
    const app = await scene.clock(new App())
    const done = drainAndCommit({}, { renewEveryMs: 200, renewAgainMs: 100 })
    const drain = await app.draining()
    await scene.server.kill()
    await scene.log.saw(/^warning: the drain could not be renewed \(.+\); it lasts another .+ without$/)
    await scene.log.saw(/^warning: the drain could not be renewed .* 58 s without$/)
    await scene.server.restart({ keepData: true })
    drain.end()
    expect(await done).toBe('strict')
  })
})

describe('during the push', () => {
  it('a participant that schedules again is a concern, a held one is none', async () => {
    const clock = scene.scripted()
    await clock.beat()
    await using hold = await scene.acquire()
    await clock.answer('drained')
    await hold.drained()
    await hold.commit()
    expect(await hold.concerns()).toEqual([])
    await clock.beat()
    expect(await hold.concerns()).toEqual(['clock.1 is scheduling again, while the deploy runs'])
    expect(await hold.concerns()).toEqual([])
  })

  it('a participant that falls silent is a concern, one that ends for its successor is none', async () => {
    const [one, two] = [scene.scripted(), scene.scripted('clock.2')]
    await one.beat()
    await two.beat()
    await using hold = await scene.acquire()
    await one.answer('drained')
    await two.answer('drained')
    await hold.drained()
    await hold.commit()
    await two.fallSilent()
    const { epoch } = hold.owner
    await one.beat({ state: 'exited', epoch })
    expect(await hold.concerns()).toEqual(['clock.2 has not been heard of for 1 min, while the deploy runs'])
  })
})
