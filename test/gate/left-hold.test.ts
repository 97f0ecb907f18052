import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { acquireGate, inspectGate, newDeployId } from '../../src/gate/gate.ts'
import type { Hold } from '../../src/gate/hold.ts'
import type { Asker } from '../../src/gate/terms.ts'
import { App } from '../participant/support/app.ts'
import { LIMIT } from '../participant/support/lines.ts'
import { openScene, type Scene, TERMS } from './support/scene.ts'

vi.setConfig({ testTimeout: 30_000 })

const BY_HAND: Asker = { name: 'alice@laptop', holds: true }
/** The protocol's margin is shorter than its lease by as much as a beat needs; these are too, in a test's time. */
const SHORT = {
  resumeWatchMs: 20_000,
  drainLeaseMs: 6_000,
  marginMs: 100,
  pushLeaseMs: 8_000,
  renewEveryMs: 500,
}

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

async function committed(numbers = {}, replaces = 'v42'): Promise<Hold> {
  const hold = await acquireGate(scene.around(numbers), newDeployId(), TERMS, BY_HAND, replaces)
  await hold.drained()
  await hold.commit()
  return hold
}

/** The server tells no shorter times apart. */
async function laterMillisecond(): Promise<void> {
  const now = async () => {
    const [seconds = 0, micros = 0] = (await scene.other.redis.time()).map(Number)
    return seconds * 1_000 + Math.floor(micros / 1_000)
  }
  const before = await now()
  await expect.poll(now, { interval: 1 }).not.toBe(before)
}

const phase = () => scene.other.redis.hget(scene.other.keys.intent, 'phase')
const expiry = async () => Number(await scene.other.redis.hget(scene.other.keys.intent, 'expiry'))
const inspect = (asker: Asker = { name: 'deploy', app: 'shop' }) =>
  inspectGate(scene.around(), 'default', asker, ['clock'])

describe('a hold that is left to its lease', () => {
  it('lasts for that lease, unrenewed and unended, and everybody resumes when it is over', async () => {
    const app = await scene.clock()
    await using hold = await committed(SHORT)
    const before = await expiry()
    const { leftMs, untold } = await hold.leave()
    expect(untold).toEqual([])
    expect(leftMs).toBeGreaterThan(0)
    expect(leftMs).toBeLessThanOrEqual(SHORT.pushLeaseMs)
    expect(app.calls).toEqual(['drain'])
    await app.told('drain', 'resume')
    expect(await expiry()).toBe(before)
    await app.log.saw(/resuming: the drain ended \(lapsed\)/)
    await hold[Symbol.asyncDispose]()
    expect(await phase()).toBe('pushing')
  })

  it('is left when all have been told how long it lasts', async () => {
    const clock = scene.scripted()
    await clock.beat()
    const hold = await acquireGate(scene.around({ resumeWatchMs: 20_000 }), newDeployId(), TERMS, BY_HAND, '')
    await clock.answer('drained')
    await hold.drained()
    await laterMillisecond()
    await hold.commit()
    let left = false
    const leaving = hold.leave().finally(() => {
      left = true
    })
    // Several looks: the last beat was before the commit.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(left).toBe(false)
    await clock.beat({ state: 'drained', epoch: hold.owner.epoch })
    expect((await leaving).untold).toEqual([])
  })

  it('names who has not been told', async () => {
    const clock = scene.scripted()
    await clock.beat()
    const hold = await acquireGate(scene.around({ resumeWatchMs: 300 }), newDeployId(), TERMS, BY_HAND, '')
    await clock.answer('drained')
    await hold.drained()
    await laterMillisecond()
    await hold.commit()
    expect((await hold.leave()).untold).toEqual(['clock.1'])
  })

  it('is withdrawn by a signal that comes before that', async () => {
    const clock = scene.scripted()
    await clock.beat()
    const hold = await acquireGate(scene.around({ resumeWatchMs: 20_000 }), newDeployId(), TERMS, BY_HAND, '')
    await clock.answer('drained')
    await hold.drained()
    await laterMillisecond()
    await hold.commit()
    const leaving = hold.leave()
    const reason = new Error('interrupted')
    scene.cancel.abort(reason)
    await expect(leaving).rejects.toBe(reason)
    await hold[Symbol.asyncDispose]()
    expect(await phase()).toBe('aborted')
  })

  it('keeps other deploys away while it holds somebody, and tells them of deploy-gate resume', async () => {
    await scene.clock()
    await using hold = await committed()
    await hold.leave()
    await expect(inspect()).rejects.toMatchObject({
      outcome: 'busy',
      message: expect.stringMatching(
        /^The app's processes are held by hand, asked for by alice@laptop\. The hold ends in (3 min|2 min \d+ s)\.$/,
      ),
      next: expect.stringMatching(/deploy-gate resume/),
    })
    await expect(scene.acquire()).rejects.toMatchObject({ outcome: 'busy' })
    expect(await phase()).toBe('pushing')
  })
})

describe('a hold that holds nobody any more', () => {
  /** As after a release phase: the old clock was told to end, and the new one runs. */
  async function replaced() {
    const old = scene.scripted()
    await old.beat({ release: 'v42' })
    const hold = await acquireGate(scene.around({ resumeWatchMs: 100 }), newDeployId(), TERMS, BY_HAND, 'v42')
    await old.answer('drained', { release: 'v42' })
    await hold.drained()
    await hold.commit()
    await hold.leave()
    return { old, epoch: hold.owner.epoch, neu: scene.scripted('clock.1', 'clock') }
  }

  it('makes way for the next deploy', async () => {
    const { old, epoch } = await replaced()
    await expect(inspect()).rejects.toMatchObject({ outcome: 'busy' })
    await old.beat({ state: 'exited', epoch })
    expect(await inspect()).toEqual([])
    const next = await scene.acquire()
    await scene.log.saw(/^ended a hold that held nobody any more, asked for by alice@laptop$/)
    expect(await phase()).toBe('draining')
    expect(next.owner.epoch).not.toBe(epoch)
    await next[Symbol.asyncDispose]()
  })

  it('does not, while it is still draining: somebody is at work for it', async () => {
    await using _ = await acquireGate(scene.around(), newDeployId(), TERMS, BY_HAND, '')
    await expect(inspect()).rejects.toMatchObject({ outcome: 'busy' })
    await expect(scene.acquire()).rejects.toMatchObject({ outcome: 'busy' })
  })

  it('is not mistaken for by a deploy whose clocks have ended', async () => {
    const clock = scene.scripted()
    await clock.beat()
    await using hold = await scene.acquire()
    await clock.answer('drained')
    await hold.drained()
    await hold.commit()
    await clock.beat({ state: 'exited', epoch: hold.owner.epoch })
    await expect(inspect()).rejects.toMatchObject({ outcome: 'busy' })
    await expect(scene.acquire()).rejects.toMatchObject({ outcome: 'busy' })
  })
})

describe('an asker that does not know its app', () => {
  it('asks the participants of any one app', async () => {
    await scene.scripted().beat({ app: 'shop' })
    await scene.scripted('clock.2').beat()
    expect((await inspect({ name: 'alice' })).map(({ dyno }) => dyno).sort()).toEqual(['clock.1', 'clock.2'])
  })

  it('stops at participants of two', async () => {
    await scene.scripted().beat({ app: 'shop' })
    await scene.scripted('clock.2').beat({ app: 'office' })
    await expect(inspect({ name: 'alice' })).rejects.toMatchObject({
      outcome: 'preflight-failed',
      message: expect.stringMatching(
        /^clock\.\d at the gate "default" belongs to the app (shop|office), and clock\.\d to (shop|office)\.$/,
      ),
    })
  })
})

it('a clock of the new release runs during a hold, one of the old release that starts again is held', async () => {
  const old = new App({})
  await scene.clock(old)
  await using hold = await committed()
  await hold.leave()
  const neu = scene.scripted('clock.2')
  expect(await neu.beat({ release: 'v43' })).toMatchObject({ addressed: false })
  const again = scene.scripted('clock.3')
  expect(await again.beat({ release: 'v42' })).toMatchObject({ addressed: true })
  await expect.poll(() => old.calls, LIMIT).toEqual(['drain'])
})
