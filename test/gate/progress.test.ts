import { describe, expect, it } from 'vitest'
import { Progress } from '../../src/gate/progress.ts'
import type { View } from '../../src/protocol/look.ts'
import type { Row } from '../../src/protocol/row.ts'

const NOW = 1_700_000_000_000
const EPOCH = '100'

function row(over: Partial<Row> = {}): Row {
  return {
    id: 'a',
    v: '1',
    type: 'clock',
    dyno: 'clock.1',
    state: 'running',
    running: 0,
    finished: 0,
    stored: 0,
    joined: NOW - 60_000,
    seen: NOW,
    until: NOW + 10_000,
    ...over,
  }
}
const answered = (state: Row['state'], over: Partial<Row> = {}) => row({ state, epoch: EPOCH, ...over })

function view(rows: readonly Row[], epoch = EPOCH): View {
  const targets = rows.map(({ id }) => id)
  return {
    now: NOW,
    rows,
    intent: {
      v: '1',
      id: 'd',
      epoch,
      phase: 'draining',
      leaseMs: 60_000,
      expiry: NOW,
      began: NOW,
      replaces: '',
      asker: '',
      targets,
    },
  }
}

/** Follows the views and returns the lines of each. */
function lines(...views: View[]): string[][] {
  const progress = new Progress(EPOCH, ['clock'])
  return views.map((one, at) => progress.update(one, at * 1_000).map(({ line }) => line))
}

describe('lines', () => {
  it('name a participant of another version once', () => {
    const stranger = row({ v: '2', state: 'running' })
    expect(lines(view([stranger]), view([stranger]))).toEqual([
      ["clock.1 speaks version 2 of the drain protocol, this deploy version 1: it can't be asked"],
      [],
    ])
  })

  it('tell of each change once', () => {
    const rows = [
      row(),
      row(),
      answered('draining', { running: 2 }),
      answered('draining', { running: 2 }),
      answered('draining', { running: 1, finished: 1 }),
      answered('draining', { running: 1, finished: 1, note: 'boxes' }),
      answered('drained', { finished: 1, stored: 1, note: 'boxes' }),
      answered('drained', { finished: 1, stored: 1, note: 'boxes', hold: NOW + 1 }),
      row(),
      row(),
    ]
    expect(lines(...rows.map((one) => view([one])))).toEqual([
      ['clock.1 is asked to drain'],
      [],
      ['clock.1 accepted: 2 jobs running, 0 finished, 0 stored'],
      [],
      ['clock.1: 1 job running, 1 finished, 0 stored'],
      ['clock.1: 1 job running, 1 finished, 0 stored (boxes)'],
      ['clock.1 is drained: 1 finished, 1 stored (boxes)'],
      [],
      ['clock.1 is scheduling again'],
      [],
    ])
  })

  it('tell of a refusal, an end, a silence and a loss', () => {
    expect(lines(view([answered('failed', { note: 'no' })]))).toEqual([['clock.1 refuses to drain (no)']])
    expect(lines(view([row()]), view([row({ state: 'exited' })])).at(-1)).toEqual([
      'clock.1 ended; waiting for Heroku to start it again',
    ])
    const silent = answered('draining', { running: 2, seen: NOW - 20_000, until: NOW - 1 })
    expect(
      lines(view([answered('draining', { running: 2 })]), view([silent]), view([silent])).slice(1),
    ).toEqual([['clock.1 has not been heard of for 20 s; 2 jobs ran in it and are lost'], []])
    expect(lines(view([answered('draining', { running: 1 })]), view([]), view([])).slice(1)).toEqual([
      ['clock.1 is gone from the roster; 1 job ran in it and is lost'],
      [],
    ])
  })

  it('tell of one that is heard again after a silence', () => {
    const silent = answered('drained', { seen: NOW - 20_000, until: NOW - 1 })
    expect(lines(view([answered('drained')]), view([silent]), view([answered('drained')])).at(-1)).toEqual([
      'clock.1 is drained: 0 finished, 0 stored',
    ])
  })

  it('say nothing of whoever is not addressed', () => {
    const other = row({ id: 'w', type: 'worker', dyno: 'worker.1' })
    const successor = row({ id: 'n' })
    const { intent, ...rest } = view([row(), other, successor])
    const addressed = { ...rest, intent: intent && { ...intent, targets: ['a', 'w'] } }
    expect(lines(addressed)).toEqual([['clock.1 is asked to drain']])
    expect(lines(view([row()], '99'))).toEqual([[]])
    expect(lines({ now: NOW, rows: [row()], intent: undefined })).toEqual([[]])
  })
})

describe('what a participant says of another epoch', () => {
  it.each(['draining', 'drained', 'failed'] as const)('is no answer: %s', (state) => {
    const progress = new Progress(EPOCH, ['clock'])
    progress.update(view([row({ state, epoch: '99', running: 3, note: 'old' })]), 0)
    const [one] = progress.participants
    expect(one).toMatchObject({ state: 'running', running: 0 })
    expect(one).not.toHaveProperty('acceptedMs')
    expect(one).not.toHaveProperty('note')
  })

  it('is not scheduling, when it passed to the deploy that took over', () => {
    expect(
      lines(view([answered('drained')]), view([row({ state: 'drained', epoch: '101' })])).at(-1),
    ).toEqual([])
  })
})

describe('times', () => {
  it('are kept of the first answer, the first drain and the first resumption', () => {
    const progress = new Progress(EPOCH, ['clock'])
    const steps = [
      row(),
      answered('draining'),
      answered('draining', { running: 1 }),
      answered('drained'),
      answered('drained'),
      row(),
      row(),
    ]
    for (const [at, one] of steps.entries()) progress.update(view([one]), at * 10)
    expect(progress.participants).toMatchObject([
      { seenMs: 0, fromStart: true, acceptedMs: 10, drainedMs: 30, resumedMs: 50 },
    ])
  })

  it('tell who was there from the start', () => {
    const progress = new Progress(EPOCH, ['clock'])
    progress.update(view([row()]), 0)
    progress.update(view([row(), row({ id: 'b', dyno: 'clock.2' })]), 10)
    expect(progress.participants.map(({ fromStart, seenMs }) => [fromStart, seenMs])).toEqual([
      [true, 0],
      [false, 10],
    ])
  })

  it('count the quiet from the first acceptance to its end, which comes once', () => {
    const progress = new Progress(EPOCH, ['clock'])
    progress.update(view([row()]), 0)
    expect(progress.quietMs(50)).toBeUndefined()
    progress.update(view([answered('draining')]), 100)
    expect(progress.quietMs(150)).toBe(50)
    progress.quietEnded(400)
    progress.quietEnded(900)
    expect(progress.quietMs(1_000)).toBe(300)
  })
})

it('lists dynos by number', () => {
  const progress = new Progress(EPOCH, ['clock'])
  const rows = ['clock.10', 'clock.2', 'clock.1'].map((dyno) => row({ id: dyno, dyno }))
  progress.update(view(rows), 0)
  expect(progress.participants.map(({ dyno }) => dyno)).toEqual(['clock.1', 'clock.2', 'clock.10'])
})
