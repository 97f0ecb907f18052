import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DrainTerms } from '../../src/gate/terms.ts'
import { DeployError } from '../../src/outcome.ts'
import { App } from '../participant/support/app.ts'
import { openScene, type Scene } from './support/scene.ts'

vi.setConfig({ testTimeout: 60_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const phase = () => scene.other.redis.hget(scene.other.keys.intent, 'phase')
const clocks = (atLeast: number, demanded = false): Partial<DrainTerms> => ({
  asked: [{ type: 'clock', atLeast, demanded }],
})
/** Not a second later, though the time to join is long. */
const SLOW = { acknowledgeTimeoutMs: 3_600_000, drainTimeoutMs: 3_600_000 }

describe('a type of which nobody need be there', () => {
  it('is drained at once when nobody is, and its new clock is waited for', async () => {
    await using hold = await scene.acquire({ ...SLOW, ...clocks(0) })
    expect(await hold.drained()).toBe(true)
    await hold.commit()
    expect(await phase()).toBe('pushing')
    await hold.release()
    await expect(hold.successor(0, 'v43')).rejects.toMatchObject({ outcome: 'clock-not-seen' })
  })

  it('holds the gate shut for whoever is there all the same', async () => {
    const app = await scene.clock(new App())
    await using hold = await scene.acquire({ ...clocks(0) }, { marginMs: 300 })
    let over = false
    const drained = hold.drained().finally(() => {
      over = true
    })
    const drain = await app.draining()
    await expect(hold.commit()).rejects.toMatchObject({
      message: expect.stringMatching(/clock\.1 is draining/),
    })
    expect(over).toBe(false)
    drain.end()
    expect(await drained).toBe(true)
  })

  it('has whoever boots during the drain join it', async () => {
    await using hold = await scene.acquire(clocks(0))
    expect(await hold.drained()).toBe(true)
    const late = scene.scripted('clock.1')
    expect(await late.beat({ state: 'booting' })).toMatchObject({ addressed: true, phase: 'draining' })
    const committed = hold.commit()
    await scene.log.saw(/^the gate stays shut: clock\.1 has not answered$/)
    await late.answer('drained')
    await committed
    expect(await phase()).toBe('pushing')
  })
})

describe('fewer than Heroku expects', () => {
  const expected = ['clock.1', 'clock.2'].map((dyno) => ({ dyno, type: 'clock', release: 'v42' }))
  const lenient = { ...clocks(2), onMissingClock: 'deploy', acknowledgeTimeoutMs: 300, expected } as const

  it('are named with what to do, whichever have not joined', async () => {
    const clock = scene.scripted('clock.2')
    // One dyno with two participants is one that has joined.
    const [other, worker] = [scene.scripted('clock.2', 'clock', 'b'), scene.scripted('worker.1', 'worker')]
    for (const one of [clock, other, worker]) await one.beat()
    const asked = [{ type: 'clock', atLeast: 3, demanded: false }]
    await using hold = await scene.acquire({ ...lenient, asked, onMissingClock: 'fail' })
    const failure = hold.drained().then(
      () => undefined,
      (error: unknown) => error,
    )
    await clock.answer('drained')
    await other.answer('drained')
    const error = (await failure) as DeployError
    expect(error).toBeInstanceOf(DeployError)
    expect(error.message).toMatch(
      /^clock\.1 is up on v42 but has not joined the gate\. 2 of 3 clock participants took part within 0\.3 s\./,
    )
    expect(error.next).toMatch(
      /^Its process must call join with this gate name and the same REDIS_URL, or run behind the supervisor/,
    )
  })

  it('are forgiven on on-missing-clock: deploy, but whoever is there must drain', async () => {
    const app = await scene.clock(new App())
    await using hold = await scene.acquire(lenient)
    let over = false
    const drained = hold.drained().finally(() => {
      over = true
    })
    const drain = await app.draining()
    await scene.log.saw(
      /^warning: only 1 of 2 take part for clock, clock\.2 is up on v42 but has not joined the gate; deploying all the same, as on-missing-clock: deploy says$/,
    )
    expect(over).toBe(false)
    drain.end()
    expect(await drained).toBe(true)
    await hold.commit()
    expect(await phase()).toBe('pushing')
    expect(scene.log.matching(/deploying all the same/)).toHaveLength(1)
  })

  it('are not forgiven for one that was there and has ended: it is waited for', async () => {
    const clock = scene.scripted('clock.1')
    await clock.beat()
    await using hold = await scene.acquire(lenient)
    let over = false
    const drained = hold.drained().finally(() => {
      over = true
    })
    await clock.answer('draining')
    await scene.log.saw(/^warning: only 1 of 2/)
    await clock.beat({ state: 'exited' })
    await scene.log.saw(/^clock\.1 ended; waiting for Heroku to start it again$/)
    // Several looks.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(over).toBe(false)
    await scene.scripted('clock.1', 'clock', 'b').answer('drained')
    expect(await drained).toBe(true)
  })

  it('are not forgiven when the number was demanded', async () => {
    await scene.clock(new App({}))
    await using hold = await scene.acquire({ ...lenient, ...clocks(2, true) })
    await expect(hold.drained()).rejects.toMatchObject({ outcome: 'missing-clock' })
  })
})
