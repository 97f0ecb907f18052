import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type GateRequest, holdOpen, underGate } from '../../src/deploy/under-gate.ts'
import { newDeployId } from '../../src/gate/gate.ts'
import type { Hold } from '../../src/gate/hold.ts'
import { ASKER, openScene, type Scene, TERMS } from '../gate/support/scene.ts'
import { App } from '../participant/support/app.ts'
import { LIMIT } from '../participant/support/lines.ts'

vi.setConfig({ testTimeout: 30_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const phase = () => scene.other.redis.hget(scene.other.keys.intent, 'phase')
const request = (over: Partial<GateRequest> = {}): GateRequest => ({
  id: newDeployId(),
  terms: TERMS,
  asker: ASKER,
  replaces: 'v42',
  ...over,
})
const gate = (numbers = {}) => scene.around({ resumeWatchMs: 20_000, ...numbers })
const even = (code: number) => code % 2 === 0

describe('work under the gate', () => {
  it('is done while everybody is held, and after its success they stay quiet', async () => {
    const app = await scene.clock()
    const during: (string | null)[] = []
    const work = async () => {
      during.push(await phase(), (await scene.other.row())?.state ?? null)
      return 42
    }
    const holds: Hold[] = []
    const follow = (hold: Hold) => void holds.push(hold)
    expect(await underGate(gate(), request({ follow }), work, even)).toBe(42)
    expect(during).toEqual(['pushing', 'drained'])
    expect(await phase()).toBe('released')
    expect(app.calls).toEqual(['drain'])
    expect(holds.map(({ participants }) => participants.map(({ dyno }) => dyno))).toEqual([['clock.1']])
  })

  it('that does not succeed gives everybody back, and has seen it when it is over', async () => {
    const app = await scene.clock()
    expect(await underGate(gate(), request(), async () => 3, even)).toBe(3)
    expect(await phase()).toBe('aborted')
    expect(scene.log.matching(/^clock\.1 is scheduling again$/)).toHaveLength(1)
    await app.told('drain', 'resume')
  })

  it('that throws gives everybody back', async () => {
    const app = await scene.clock()
    const broken = new Error('broken')
    await expect(underGate(gate(), request(), () => Promise.reject(broken), even)).rejects.toBe(broken)
    expect(await phase()).toBe('aborted')
    await app.told('drain', 'resume')
  })

  it('is not begun when the gate does not open', async () => {
    const app = await scene.clock(new App())
    let begun = false
    const work = async () => {
      begun = true
      return 0
    }
    const done = underGate(gate(), request(), work, even)
    ;(await app.draining()).fail(new Error('not now'))
    await expect(done).rejects.toMatchObject({ outcome: 'refused' })
    expect([begun, await phase()]).toEqual([false, 'aborted'])
  })

  it('that was withdrawn while draining is not begun, and everybody goes on', async () => {
    const app = await scene.clock(new App())
    const done = underGate(gate(), request(), async () => 0, even)
    await app.draining()
    const reason = new Error('interrupted')
    scene.cancel.abort(reason)
    await expect(done).rejects.toBe(reason)
    expect(await phase()).toBe('aborted')
    await app.told('drain', 'resume')
  })

  it('that lost its gate is warned of that, however short it was', async () => {
    await scene.clock()
    const numbers = { renewEveryMs: 100 }
    const holds: Hold[] = []
    const work = async () => {
      await scene.other.redis.flushall()
      await expect.poll(() => holds[0]?.concerns(), LIMIT).toHaveLength(1)
      return 0
    }
    await underGate(gate(numbers), request({ follow: (hold) => void holds.push(hold) }), work, even)
    expect(scene.log.matching(/^warning: The drain request is gone from Redis/)).toHaveLength(1)
  })
})

it('a gate that is held open stays so with nobody behind it', async () => {
  const app = await scene.clock()
  const { leftMs, untold } = await holdOpen(gate({ pushLeaseMs: 600_000 }), request())
  expect(untold).toEqual([])
  expect(leftMs).toBeGreaterThan(500_000)
  expect(leftMs).toBeLessThanOrEqual(600_000)
  expect(await phase()).toBe('pushing')
  await expect.poll(() => app.calls, LIMIT).toEqual(['drain'])
})
