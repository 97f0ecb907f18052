import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { endDrain, isAttended } from '../../src/gate/end-drain.ts'
import { NUMBERS } from '../../src/gate/numbers.ts'
import { type Intent, look } from '../../src/protocol/look.ts'
import type { Owner } from '../../src/protocol/owner.ts'
import { App } from '../participant/support/app.ts'
import { openScene, type Scene } from './support/scene.ts'

vi.setConfig({ testTimeout: 30_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

async function seen() {
  const view = await look(scene.other.redis, scene.other.keys)
  if (!view.intent) throw new Error('there is no intent')
  return { ...view, intent: view.intent }
}
const names = (who: readonly { dyno: string }[]) => who.map(({ dyno }) => dyno).sort()

/** Two real clocks, one drained and one that still drains. */
async function drained(): Promise<{ one: App; two: App; owner: Owner }> {
  const [one, two] = [await scene.clock(), await scene.clock(new App(), 'clock.2')]
  const owner = await scene.other.acquire()
  await scene.other.sees({ state: 'drained' })
  await two.draining()
  await scene.other.sees({ state: 'draining' }, 'clock.2')
  return { one, two, owner }
}

describe('a drain that is ended in the name of its owner', () => {
  it('lets everybody go on, those too that still drained, and sees it', async () => {
    const { one, two } = await drained()
    const { ended, resumed, waiting } = await endDrain(scene.around({ resumeWatchMs: 20_000 }), await seen())
    expect([ended, resumed, names(waiting)]).toEqual([true, ['clock.1', 'clock.2'], []])
    expect(scene.log.lines).toEqual(
      expect.arrayContaining(['clock.1 is scheduling again', 'clock.2 is scheduling again']),
    )
    await one.told('drain', 'resume')
    await two.told('drain', 'resume')
    expect((await seen()).intent.phase).toBe('aborted')
  })

  it('names who does not say that it goes on, and waits for no one who never stopped or has ended', async () => {
    const [held, busy, gone] = ['clock.1', 'clock.2', 'clock.3'].map((dyno) => scene.scripted(dyno))
    for (const one of [held, busy, gone]) await one?.beat()
    const { epoch } = await scene.other.acquire()
    await held?.answer('drained')
    await gone?.answer('drained')
    await gone?.beat({ state: 'exited', epoch })
    const beating = setInterval(() => void held?.beat({ state: 'drained', epoch }), 500)
    const result = await endDrain(scene.around({ resumeWatchMs: 300 }), await seen()).finally(() =>
      clearInterval(beating),
    )
    expect([result.ended, result.resumed, names(result.waiting)]).toEqual([true, [], ['clock.1']])
  })

  it('gives a clock that beats seldom until its next beat', async () => {
    const clock = scene.scripted()
    await clock.beat()
    await scene.other.acquire()
    await clock.answer('drained')
    // The scripted clock says that it beats each 3 s at the latest, so its next beat is due after these 300 ms.
    const ending = endDrain(scene.around({ resumeWatchMs: 300 }), await seen())
    await expect.poll(async () => (await seen()).intent.phase).toBe('aborted')
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    await clock.beat()
    expect((await ending).resumed).toEqual(['clock.1'])
  })

  it('names one that has fallen silent meanwhile', async () => {
    const clock = scene.scripted()
    await clock.beat()
    await scene.other.acquire()
    await clock.answer('drained')
    const ending = endDrain(scene.around({ resumeWatchMs: 20_000 }), await seen())
    await expect.poll(async () => (await seen()).intent.phase).toBe('aborted')
    await clock.fallSilent()
    expect((await ending).waiting).toEqual([{ dyno: 'clock.1', silent: true }])
  })

  it('names one that was silent before, unless another boot took its place', async () => {
    const [lost, crashed] = [scene.scripted(), scene.scripted('clock.2')]
    for (const one of [lost, crashed]) await one.beat()
    await scene.other.acquire()
    for (const one of [lost, crashed]) {
      await one.answer('drained')
      await one.fallSilent()
    }
    await scene.scripted('clock.2', 'clock', 'b').beat()
    const { resumed, waiting } = await endDrain(scene.around(), await seen())
    expect([resumed, waiting]).toEqual([[], [{ dyno: 'clock.1', silent: true }]])
  })

  it('is left alone if another one has come meanwhile', async () => {
    await scene.scripted().beat()
    const first = await scene.other.acquire()
    const before = await seen()
    await scene.other.finish(first, 'aborted')
    await scene.other.acquire()
    expect(await endDrain(scene.around(), before)).toEqual({ ended: false, resumed: [], waiting: [] })
    expect((await seen()).intent.phase).toBe('draining')
  })
})

describe('somebody is at work behind a drain', () => {
  const NOW = 1_700_000_000_000
  const intent = (over: Partial<Intent>): Intent => ({
    v: '1',
    id: 'd',
    epoch: '1',
    phase: 'pushing',
    leaseMs: 180_000,
    expiry: NOW + 180_000,
    began: NOW,
    replaces: '',
    asker: '{"name":"deploy"}',
    targets: [],
    ...over,
  })
  const holds = '{"name":"alice","holds":true}'
  it.each<[string, Partial<Intent>, boolean]>([
    ['renewed just now', {}, true],
    ['renewed 44 s ago', { expiry: NOW + 136_000 }, true],
    ['not renewed for 45 s', { expiry: NOW + 135_000 }, false],
    ['renewed by less than its lease', { leaseMs: 600_000, given: NOW - 44_000 }, true],
    ['not renewed for 45 s, with a long lease left', { expiry: NOW + 600_000, given: NOW - 45_000 }, false],
    ['left to its lease', { asker: holds }, false],
    ['to be left to its lease, and still draining', { asker: holds, phase: 'draining' }, true],
    ['of an asker that says nothing', { asker: '' }, true],
  ])('%s', (_, over, attended) => {
    expect(isAttended(intent(over), NOW, NUMBERS)).toBe(attended)
  })
})
