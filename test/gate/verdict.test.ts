import { describe, expect, it } from 'vitest'
import type { ParticipantProgress } from '../../src/gate/progress.ts'
import type { DrainTerms } from '../../src/gate/terms.ts'
import { judge } from '../../src/gate/verdict.ts'

const terms: DrainTerms = {
  asked: [{ type: 'clock', atLeast: 1, demanded: false }],
  acknowledgeTimeoutMs: 30_000,
  drainTimeoutMs: 300_000,
  onDrainTimeout: 'fail',
  onMissingClock: 'fail',
}
const asked = (type: string, atLeast: number, demanded = true) => ({ type, atLeast, demanded })

function one(over: Partial<ParticipantProgress> = {}): ParticipantProgress {
  const idle = { running: 0, finished: 0, stored: 0, lost: 0 }
  return {
    id: 'a',
    dyno: 'clock.1',
    type: 'clock',
    state: 'running',
    fromStart: true,
    seenMs: 0,
    ...idle,
    ...over,
  }
}
const drained = (over: Partial<ParticipantProgress> = {}) =>
  one({ state: 'drained', acceptedMs: 10, ...over })
const nothing = { refused: [], late: [], undrained: [], short: [], missing: [] }

describe('who has not answered', () => {
  it('is undrained, and late from the acknowledge-timeout on', () => {
    expect(judge([one()], terms, 29_999)).toEqual({ ...nothing, undrained: [one()] })
    expect(judge([one()], terms, 30_000).late).toEqual([one()])
  })

  it('has its time from when it was first seen', () => {
    const newcomer = one({ seenMs: 20_000, fromStart: false })
    expect(judge([drained({ id: 'b' }), newcomer], terms, 49_999).late).toEqual([])
    expect(judge([drained({ id: 'b' }), newcomer], terms, 50_000).late).toEqual([newcomer])
  })

  it('is not late when it accepted, however long it takes', () => {
    const slow = one({ state: 'draining', acceptedMs: 5 })
    expect(judge([slow], terms, 200_000)).toEqual({ ...nothing, undrained: [slow] })
  })

  it('is late also when it fell silent before it accepted', () => {
    expect(judge([one({ state: 'silent' })], terms, 30_000).late).toHaveLength(1)
  })
})

it('names who refused', () => {
  const failed = one({ state: 'failed' })
  expect(judge([failed], terms, 0)).toMatchObject({ refused: [failed], undrained: [failed] })
})

it('wants nothing more of those that are drained', () => {
  expect(judge([drained()], terms, 299_000)).toEqual(nothing)
})

describe('too few participants', () => {
  it('are missing when they never were enough and the time to join is over', () => {
    const shortage = { type: 'clock', have: 0, need: 1, forgivable: false }
    expect(judge([], terms, 29_999)).toEqual({ ...nothing, short: [shortage] })
    expect(judge([], terms, 30_000)).toEqual({ ...nothing, short: [shortage], missing: [shortage] })
  })

  it('are waited for when there were enough at the request: one that ended is started again', () => {
    const verdict = judge([one({ state: 'exited' })], terms, 200_000)
    expect(verdict.short).toEqual([{ type: 'clock', have: 0, need: 1, forgivable: false }])
    expect(verdict.missing).toEqual([])
  })

  it('are counted against those at the request, if they were more than asked for', () => {
    const [gone, left] = [one({ state: 'exited' }), drained({ id: 'b', dyno: 'clock.2' })]
    expect(judge([gone, left], terms, 0).short).toMatchObject([{ have: 1, need: 2 }])
  })

  it('are counted for each type', () => {
    const both = { ...terms, asked: [asked('clock', 1), asked('worker', 2)] }
    expect(judge([drained(), drained({ id: 'b', type: 'worker' })], both, 0).short).toEqual([
      { type: 'worker', have: 1, need: 2, forgivable: false },
    ])
  })

  it('are forgiven with on-missing-clock: deploy, some or none, if no number was asked for', () => {
    const lenient = { ...terms, onMissingClock: 'deploy' } as const
    expect(judge([], lenient, 0).short[0]?.forgivable).toBe(true)
    expect(judge([], { ...lenient, asked: [asked('clock', 1)] }, 0).short[0]?.forgivable).toBe(false)
    const some = { ...lenient, asked: [asked('clock', 2, false)] }
    expect(judge([drained()], some, 0).short[0]?.forgivable).toBe(true)
    const demanded = { ...lenient, asked: [asked('clock', 2)] }
    expect(judge([drained()], demanded, 0).short[0]?.forgivable).toBe(false)
  })

  it('are none where a type may have nobody, but those at the request must still be there', () => {
    const scaledDown = { ...terms, asked: [asked('clock', 0, false)] }
    expect(judge([], scaledDown, 0)).toEqual(nothing)
    expect(judge([one()], scaledDown, 0).undrained).toHaveLength(1)
    expect(judge([one({ state: 'exited' })], scaledDown, 0).short).toMatchObject([{ have: 0, need: 1 }])
  })
})

describe('a participant that fell silent', () => {
  const silent = one({ state: 'silent', acceptedMs: 10, running: 1 })

  it('is undrained, and not there', () => {
    expect(judge([silent], terms, 0)).toMatchObject({ undrained: [silent], short: [{ have: 0, need: 1 }] })
  })

  it('is replaced by a later boot of its dyno', () => {
    expect(judge([silent, drained({ id: 'b', seenMs: 9, fromStart: false })], terms, 0)).toEqual(nothing)
  })

  it.each<[string, Partial<ParticipantProgress>]>([
    ['of another dyno', { dyno: 'clock.2', seenMs: 9 }],
    ['that came before', { seenMs: 0 }],
    ['that is silent too', { state: 'silent', seenMs: 9 }],
  ])('is not replaced by one %s', (_, over) => {
    expect(judge([silent, drained({ id: 'b', fromStart: false, ...over })], terms, 0).undrained).toContain(
      silent,
    )
  })
})
