import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { underGate } from '../../src/deploy/under-gate.ts'
import { announce } from '../../src/gate/announce.ts'
import { acquireGate, newDeployId, type Surroundings } from '../../src/gate/gate.ts'
import { takeAnnouncement } from '../../src/gate/take.ts'
import { DeployError } from '../../src/outcome.ts'
import { App } from '../participant/support/app.ts'
import { LIMIT } from '../participant/support/lines.ts'
import { announced, RELEASE, ReleasePhase } from './support/release-phase.ts'
import { ASKER, openScene, type Scene, TERMS } from './support/scene.ts'

vi.setConfig({ testTimeout: 60_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const there = () => scene.other.redis.get(scene.other.keys.announced)
const intent = () => scene.other.redis.hgetall(scene.other.keys.intent)
const phase = async () => (await intent()).phase
const never = new AbortController().signal

/** What `work` was rejected with, which must be a DeployError. */
async function complaint(work: Promise<unknown>): Promise<DeployError> {
  const error = await work.then(
    (value) => new Error(`resolved with ${value}`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof DeployError)) throw error
  return error
}

describe('an announcement', () => {
  it('says whose drain will be asked for, and on which terms', async () => {
    const { id, announcement } = await announced(scene)
    await using _ = announcement
    expect(JSON.parse((await there()) ?? '')).toEqual({ v: '1', id, asker: ASKER, terms: TERMS })
    const life = await scene.other.redis.pttl(scene.other.keys.announced)
    expect(life).toBeGreaterThan(0)
    expect(life).toBeLessThanOrEqual(180_000)
  })

  it('is withdrawn when the build fails, and a release phase that comes later drains on its own account', async () => {
    const app = await scene.clock(new App({}))
    const { id, announcement } = await announced(scene)
    await announcement[Symbol.asyncDispose]()
    expect(await there()).toBeNull()
    const later = new ReleasePhase(scene)
    expect(await later.take()).toBe(false)
    await later.drain()
    expect((await intent()).id).not.toBe(id)
    expect(JSON.parse((await intent()).asker ?? '')).toMatchObject({ holds: true })
    expect(app.calls).toEqual(['drain'])
  })

  it('is kept up while the deploy lives, and forgotten by itself when it does not', async () => {
    const numbers = { renewEveryMs: 50, announcedMs: 5_000 }
    const { announcement } = await announced(scene, { numbers })
    const life = () => scene.other.redis.pttl(scene.other.keys.announced)
    await scene.other.redis.pexpire(scene.other.keys.announced, 2_000)
    await expect.poll(life, LIMIT).toBeGreaterThan(3_000)
    // An eviction takes it away.
    await scene.other.redis.del(scene.other.keys.announced)
    await expect.poll(there, LIMIT).not.toBeNull()
    await announcement[Symbol.asyncDispose]()

    await announced(scene, { numbers: { renewEveryMs: 3_600_000, announcedMs: 100 } })
    await expect.poll(there, LIMIT).toBeNull()
  })

  it('is not made anew when it was taken and is gone', async () => {
    const { announcement } = await announced(scene, { numbers: { renewEveryMs: 50 } })
    await using _ = announcement
    expect(await new ReleasePhase(scene).take()).toBe(true)
    const life = () => scene.other.redis.pttl(scene.other.keys.announced)
    await scene.other.redis.pexpire(scene.other.keys.announced, 2_000)
    await expect.poll(life, LIMIT).toBeGreaterThan(3_000)
    await scene.other.redis.del(scene.other.keys.announced)
    // Some rounds of the renewal.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await there()).toBeNull()
  })

  it('is refused while another one is there, and told whose, until that is withdrawn', async () => {
    const first = await announced(scene)
    const asker = { ...ASKER, name: 'bob, acme/shop', runUrl: 'https://ci/2' }
    expect(await complaint(announced(scene, { asker }))).toMatchObject({
      outcome: 'busy',
      message: expect.stringMatching(
        /^Another deploy is announced.*deploy of 01234567 \(https:\/\/ci\/1\)\.$/,
      ),
    })
    await first.announcement[Symbol.asyncDispose]()
    const second = await announced(scene, { asker })
    expect(JSON.parse((await there()) ?? '')).toMatchObject({ asker, id: second.id })
    // Who was refused, or came before, takes away nothing that is another's.
    await first.announcement[Symbol.asyncDispose]()
    expect(await there()).not.toBeNull()
    await second.announcement[Symbol.asyncDispose]()
  })

  it.each([
    ['no JSON', 'hello'],
    ['of another version', '{"v":"2","id":"x"}'],
    ['without terms', '{"v":"1","id":"x","asker":{"name":"x"},"terms":{}}'],
    ['one byte too long', `${' '.repeat(32_768)}1`],
  ])('takes the place of a text that is %s, which no release phase takes', async (_, text) => {
    await scene.other.redis.set(scene.other.keys.announced, text)
    const one = new ReleasePhase(scene)
    expect(await one.take()).toBe(false)
    // What is so long is not even read.
    expect(one.log.matching(/^warning: deploy-gate:\{default\}:announced holds what is no/)).toHaveLength(
      text.length > 32_768 ? 0 : 1,
    )
    expect(await there()).toBe(text)
    const { id, announcement } = await announced(scene)
    expect(JSON.parse((await there()) ?? '')).toMatchObject({ id })
    await announcement[Symbol.asyncDispose]()
  })
})

describe('a release phase', () => {
  it('takes an announcement alone, however many ask', async () => {
    const { announcement } = await announced(scene)
    await using _ = announcement
    const all = Array.from({ length: 8 }, () => new ReleasePhase(scene))
    const took = await Promise.all(all.map((one) => one.take()))
    expect(took.filter(Boolean)).toHaveLength(1)
    const late = new ReleasePhase(scene)
    expect(await late.take()).toBe(false)
    expect(late.log.lines).toEqual([
      expect.stringMatching(
        /^the deploy by deploy of 01234567.* is announced, and release\.1234 drains for it$/,
      ),
    ])
  })

  it.each([
    ['of another commit leaves it', 'f'.repeat(40), false],
    ['that does not know its commit takes it', undefined, true],
  ])('%s', async (_, commit, takes) => {
    const { announcement } = await announced(scene)
    await using __ = announcement
    const { dyno, given } = RELEASE
    const one = new ReleasePhase(scene, {}, { dyno, given, ...(commit && { commit }) })
    expect(await one.take()).toBe(takes)
  })

  it('drains on the announced terms, but for those that it was given, and the deploy learns which', async () => {
    const expected = [{ dyno: 'clock.1', type: 'clock', release: 'v42' }]
    const terms = { onDrainTimeout: 'force', acknowledgeTimeoutMs: 9_000, expected } as const
    const { announcement } = await announced(scene, { terms })
    await using _ = announcement
    const given = { drainTimeoutMs: 5_000, asked: [{ type: 'worker', atLeast: 2, demanded: true }] }
    const one = new ReleasePhase(scene, {}, { ...RELEASE, given })
    await one.take()
    const merged = { ...TERMS, ...terms, ...given, acknowledgeTimeoutMs: 5_000 }
    expect(one.taken?.terms).toEqual(merged)
    expect(JSON.parse((await there()) ?? '')).toMatchObject({ terms: merged })
  })

  it('takes one that expects more dynos than an announcement has room for', async () => {
    const expected = Array.from({ length: 1_000 }, (_, n) => ({
      dyno: `worker.${n}`,
      type: 'worker',
      release: 'v42',
    }))
    const { announcement } = await announced(scene, { terms: { expected } })
    await using _ = announcement
    const one = new ReleasePhase(scene)
    expect(await one.take()).toBe(true)
    expect(one.taken?.terms.expected).toEqual(expected.slice(0, 100))
  })

  it.each([1, 2])('takes it also when the answer to call %i is lost', async (lost) => {
    const { announcement } = await announced(scene)
    await using _ = announcement
    const around = scene.around({ renewAgainMs: 10 })
    let calls = 0
    const losing = async (reply: Promise<unknown>) => {
      const answer = await reply
      if (++calls === lost) throw new Error('Connection is closed.')
      return answer
    }
    const { host } = around
    const taken = await takeAnnouncement(
      {
        ...around,
        host: {
          evalsha: (...args) => losing(host.evalsha(...args)),
          eval: (...args) => losing(host.eval(...args)),
        },
      },
      RELEASE,
    )
    expect(taken).toBeDefined()
    await taken?.confirm()
  })
})

describe('a drain that the release phase asks for', () => {
  it('is followed from there: told of, renewed, never shortened, and ended by the deploy', async () => {
    const app = await scene.clock(new App())
    const { id, announcement, log } = await announced(scene, { numbers: { renewEveryMs: 50 } })
    await using _ = announcement
    const dyno = new ReleasePhase(scene)
    const adopted = announcement.adopted(never)
    await dyno.take()
    const drained = dyno.drain()
    const hold = await adopted
    expect(hold?.owner.id).toBe(id)
    const opened = hold?.opened(never)
    ;(await app.draining()).report({ running: 2 })
    await log.saw(/^clock\.1 accepted: [02] jobs? running/)
    ;(await app.draining()).end({ finished: 2 })
    const { leftMs } = await drained
    expect(leftMs).toBeGreaterThan(500_000)
    expect(await opened).toBe(true)
    await log.saw(/^clock\.1 is drained: 2 finished/)
    expect(log.lines).toContain('the release phase asks for the drain, on release.1234')
    const { expiry, given } = await intent()
    await expect.poll(async () => Number((await intent()).given), LIMIT).toBeGreaterThan(Number(given))
    expect((await intent()).expiry).toBe(expiry)
    expect(hold?.participants).toMatchObject([{ dyno: 'clock.1', state: 'drained', finished: 2 }])
    expect(hold?.quietMs).toBeLessThanOrEqual(hold?.elapsedMs ?? 0)
    expect(await hold?.concerns()).toEqual([])
    await hold?.release()
    expect(await phase()).toBe('released')
    await hold?.[Symbol.asyncDispose]()
    await announcement[Symbol.asyncDispose]()
    expect(await phase()).toBe('released')
    expect(await there()).toBeNull()
    expect(app.calls).toEqual(['drain'])
  })

  it('has its time counted from the request, also if it is found late', async () => {
    await scene.clock(new App({}))
    const { announcement } = await announced(scene)
    await using _ = announcement
    const dyno = new ReleasePhase(scene)
    await dyno.take()
    await dyno.drain()
    const { began } = await intent()
    await scene.other.redis.hset(scene.other.keys.intent, 'began', Number(began) - 40_000)
    await using hold = await announcement.adopted(never)
    expect(hold?.elapsedMs).toBeGreaterThanOrEqual(40_000)
    expect(hold?.quietMs).toBeLessThan(20_000)
    expect(await hold?.opened(never)).toBe(true)
  })

  it('lasts for longer than its hold if the deploy takes so long', async () => {
    const app = await scene.clock(new App({}))
    const short = { drainLeaseMs: 6_000, marginMs: 100, pushLeaseMs: 2_000, renewEveryMs: 300 }
    const { announcement } = await announced(scene, { numbers: { ...short, pushLeaseMs: 180_000 } })
    await using _ = announcement
    const dyno = new ReleasePhase(scene, short)
    await dyno.take()
    await dyno.drain()
    await using hold = await announcement.adopted(never)
    expect(await hold?.opened(never)).toBe(true)
    const left = async () => Number((await intent()).expiry) - Date.now()
    await expect.poll(left, LIMIT).toBeGreaterThan(100_000)
    expect(app.calls).toEqual(['drain'])
  })

  it('is given back when the release fails after it', async () => {
    const app = await scene.clock(new App({}))
    const { announcement, log } = await announced(scene)
    {
      await using _ = announcement
      const dyno = new ReleasePhase(scene)
      await dyno.take()
      await dyno.drain()
      const over = AbortSignal.abort()
      await using hold = await announcement.adopted(over)
      expect(await hold?.opened(over)).toBe(true)
    }
    expect(await phase()).toBe('aborted')
    expect(log.lines).toContain('clock.1 is scheduling again')
    await app.told('drain', 'resume')
  })

  it('that nobody has adopted when the push is over is given back', async () => {
    const app = await scene.clock(new App({}))
    const { announcement } = await announced(scene)
    const dyno = new ReleasePhase(scene)
    await dyno.take()
    await dyno.drain()
    await announcement[Symbol.asyncDispose]()
    expect(await phase()).toBe('aborted')
    await app.told('drain', 'resume')
  })

  it('lapses by itself when its deploy has vanished', async () => {
    const app = await scene.clock(new App({}))
    const numbers = { drainLeaseMs: 6_000, marginMs: 100, pushLeaseMs: 8_000, renewEveryMs: 3_600_000 }
    await announced(scene, { numbers: { renewEveryMs: 3_600_000 } })
    const dyno = new ReleasePhase(scene, numbers)
    await dyno.take()
    await dyno.drain()
    expect(app.calls).toEqual(['drain'])
    await app.told('drain', 'resume')
    expect(await phase()).toBe('pushing')
  })
})

describe('a drain that fails in the release phase', () => {
  it.each([
    ['refused', {}, /clock\.1 refused to drain/],
    ['drain-timeout', { drainTimeoutMs: 300 }, /Not drained within 0\.3 s: clock\.1/],
  ] as const)('ends as %s there, and the deploy says so', async (outcome, terms, message) => {
    const app = await scene.clock(new App())
    const { announcement } = await announced(scene, { terms, numbers: { renewEveryMs: 3_600_000 } })
    await using _ = announcement
    const dyno = new ReleasePhase(scene)
    const over = new AbortController()
    const adopted = announcement.adopted(over.signal)
    await dyno.take()
    const drained = complaint(dyno.drain())
    await using hold = await adopted
    expect(hold).toBeDefined()
    const opened = hold?.opened(over.signal)
    if (outcome === 'refused') (await app.draining()).fail(new Error('not now'))
    expect((await drained).outcome).toBe(outcome)
    expect(await opened).toBe(false)
    over.abort()
    const failure = await announcement.failure()
    expect(failure).toMatchObject({ outcome, message: expect.stringMatching(message) })
    expect(`${failure?.message} ${failure?.next}`).toMatch(/Nothing was released, and the clock/)
    expect(await phase()).toBe('aborted')
    await expect.poll(() => app.calls, LIMIT).toContain(outcome === 'refused' ? 'drain' : 'resume')
  })

  it('says who is missing, though it was never seen to ask', async () => {
    const expected = [
      { dyno: 'clock.1', type: 'clock', release: 'v42' },
      { dyno: 'web.1', type: 'web' },
    ]
    const { announcement } = await announced(scene, { terms: { acknowledgeTimeoutMs: 200, expected } })
    await using _ = announcement
    const dyno = new ReleasePhase(scene)
    await dyno.take()
    const { outcome, message, next } = await complaint(dyno.drain())
    expect(outcome).toBe('missing-clock')
    expect(message).toMatch(/^clock\.1 is up on v42 but has not joined the gate\. No clock took part/)
    expect(next).toMatch(/call join.*deploy-gate run.*on-missing-clock: deploy/)
    const over = AbortSignal.abort()
    expect(await announcement.adopted(over)).toBeUndefined()
    expect(await announcement.failure()).toMatchObject({ outcome, next })
  })

  it('is busy when another deploy is at work, and leaves that alone', async () => {
    await scene.clock(new App({}))
    const { announcement } = await announced(scene)
    await using other = await scene.acquire()
    const dyno = new ReleasePhase(scene)
    await dyno.take()
    expect((await complaint(dyno.drain())).outcome).toBe('busy')
    expect(await announcement.adopted(AbortSignal.abort())).toBeUndefined()
    expect(await announcement.failure()).toMatchObject({ outcome: 'busy' })
    await announcement[Symbol.asyncDispose]()
    expect(await intent()).toMatchObject({ id: other.owner.id, phase: 'draining' })
  })

  it.each([
    ['preflight-failed', new DeployError('preflight-failed', 'no', 'do')],
    ['cancelled', new DeployError('cancelled', 'no', 'do')],
    ['an error of another kind', new Error('no')],
  ])('for %s is a failed release: the push has gone through', async (_, error) => {
    const { announcement } = await announced(scene)
    await using __ = announcement
    const dyno = new ReleasePhase(scene)
    await dyno.take()
    await dyno.taken?.failed(error)
    expect(await announcement.failure()).toMatchObject({
      outcome: 'release-failed',
      message: 'The drain failed in the release phase: no',
    })
  })
})

describe('a release phase that crashes', () => {
  it('before it asks leaves nothing in force, and nothing to be taken', async () => {
    const app = await scene.clock(new App({}))
    const { announcement } = await announced(scene)
    const dyno = new ReleasePhase(scene)
    await dyno.take()
    expect(await announcement.adopted(AbortSignal.abort())).toBeUndefined()
    expect(await announcement.failure()).toBeUndefined()
    await announcement[Symbol.asyncDispose]()
    expect(await there()).toBeNull()
    expect(await phase()).toBeUndefined()
    expect(app.calls).toEqual([])
  })

  it('while it drains has its drain given back by the deploy', async () => {
    const app = await scene.clock(new App({}))
    const { announcement } = await announced(scene)
    await using _ = announcement
    const dyno = new ReleasePhase(scene, { renewEveryMs: 3_600_000 })
    await dyno.take()
    const { taken } = dyno
    if (!taken) throw new Error('not taken')
    // Nobody follows it up, renews it or ends it.
    await acquireGate(dyno.around, taken.id, taken.terms, taken.asker, '')
    const over = new AbortController()
    {
      await using hold = await announcement.adopted(over.signal)
      const opened = hold?.opened(over.signal)
      await app.told('drain')
      over.abort()
      expect(await opened).toBe(false)
    }
    expect(await phase()).toBe('aborted')
    await app.told('drain', 'resume')
  })
})

it('a drain that comes into force while the push ends is still found', async () => {
  await scene.clock(new App({}))
  const over = new AbortController()
  const dyno = new ReleasePhase(scene)
  const through = (around: Surroundings): Surroundings => ({
    ...around,
    host: {
      eval: (...args) => around.host.eval(...args),
      // The answer to the first look is on its way when all the rest happens.
      evalsha: async (...args) => {
        const reply = await around.host.evalsha(...args)
        if (looks && !over.signal.aborted) {
          await dyno.drain()
          over.abort()
        }
        return reply
      },
    },
  })
  let looks = false
  const { announcement } = await announced(scene, { through })
  await using _ = announcement
  await dyno.take()
  looks = true
  await using hold = await announcement.adopted(over.signal)
  expect(hold?.owner.id).toBe(dyno.taken?.id)
})

describe('a deploy that is cancelled', () => {
  const reason = new DeployError('cancelled', 'The job was cancelled.', '')

  it('while nobody has asked waits no longer', async () => {
    const cancel = new AbortController()
    const { announcement } = await announced(scene, { signal: cancel.signal })
    const adopted = announcement.adopted(never)
    cancel.abort(reason)
    await expect(adopted).rejects.toBe(reason)
    await announcement[Symbol.asyncDispose]()
    expect(await there()).toBeNull()
  })

  it('after the release phase has drained, and before that was seen, gives everybody back', async () => {
    const app = await scene.clock(new App({}))
    const cancel = new AbortController()
    const { announcement, log } = await announced(scene, { signal: cancel.signal })
    const dyno = new ReleasePhase(scene)
    await dyno.take()
    await dyno.drain()
    cancel.abort(reason)
    await announcement[Symbol.asyncDispose]()
    expect(await phase()).toBe('aborted')
    expect(log.matching(/^warning/)).toEqual([])
    await app.told('drain', 'resume')
  })

  it('between the taking and the request lets no drain come into force, and no release', async () => {
    const app = await scene.clock(new App({}))
    const { announcement } = await announced(scene)
    const dyno = new ReleasePhase(scene)
    await dyno.take()
    await announcement[Symbol.asyncDispose]()
    expect(await complaint(dyno.drain())).toMatchObject({
      outcome: 'cancelled',
      message: expect.stringMatching(/^the deploy by deploy of 01234567.*has ended meanwhile/),
    })
    expect(await phase()).toBe('aborted')
    await expect.poll(() => app.calls.at(-1) ?? 'resume', LIMIT).toBe('resume')
  })

  it('while the release phase drains fails that, and the clock goes on', async () => {
    const app = await scene.clock(new App())
    const { announcement } = await announced(scene)
    const dyno = new ReleasePhase(scene, { renewEveryMs: 100 })
    await dyno.take()
    const drained = complaint(dyno.drain())
    const drain = await app.draining()
    await announcement[Symbol.asyncDispose]()
    expect(await phase()).toBe('aborted')
    drain.end()
    expect((await drained).outcome).toBe('lease-lost')
    await app.told('drain', 'resume')
  })

  it('while the release phase runs its command fails that, too', async () => {
    await scene.clock(new App({}))
    const { announcement } = await announced(scene)
    const dyno = new ReleasePhase(scene)
    await dyno.take()
    const { taken } = dyno
    if (!taken) throw new Error('not taken')
    const work = async () => {
      await announcement[Symbol.asyncDispose]()
      return 0
    }
    const request = { ...taken, replaces: '', followed: true }
    const done = underGate(dyno.around, request, work, (code) => code === 0)
    expect((await complaint(done)).outcome).toBe('lease-lost')
  })
})

it('a command in the release phase leaves everybody held for the deploy', async () => {
  const app = await scene.clock(new App({}))
  const { announcement } = await announced(scene)
  await using _ = announcement
  const dyno = new ReleasePhase(scene)
  await dyno.take()
  const { taken } = dyno
  if (!taken) throw new Error('not taken')
  const request = { ...taken, replaces: '', followed: true }
  expect(
    await underGate(
      dyno.around,
      request,
      async () => 0,
      (code) => code === 0,
    ),
  ).toBe(0)
  expect(await phase()).toBe('pushing')
  await using hold = await announcement.adopted(AbortSignal.abort())
  expect(await hold?.opened(never)).toBe(true)
  expect(app.calls).toEqual(['drain'])
})

it('an announcement whose answer was lost is made once, also if it was taken meanwhile', async () => {
  const around = scene.around({ renewAgainMs: 10 })
  const id = newDeployId()
  let calls = 0
  const { host } = around
  const losing = async (reply: Promise<unknown>) => {
    const answer = await reply
    if (++calls > 1) return answer
    expect(await new ReleasePhase(scene).take()).toBe(true)
    throw new Error('Connection is closed.')
  }
  const lossy = {
    evalsha: (...args: Parameters<typeof host.evalsha>) => losing(host.evalsha(...args)),
    eval: (...args: Parameters<typeof host.eval>) => losing(host.eval(...args)),
  }
  await using _ = await announce({ ...around, host: lossy }, id, TERMS, ASKER)
  expect(JSON.parse((await there()) ?? '')).toMatchObject({
    id,
    taken: expect.stringMatching(/^release\.1234#/),
  })
})
