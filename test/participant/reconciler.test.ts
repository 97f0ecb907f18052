import { describe, expect, it } from 'vitest'
import { NUMBERS } from '../../src/participant/numbers.ts'
import { Reconciler } from '../../src/participant/reconciler.ts'
import type { BeatReply } from '../../src/protocol/beat.ts'

/** The server's clock at the participant's time 0: the two have nothing to do with each other. */
const SERVER_AT_ZERO = 1_700_000_000_000

function reply(over: Partial<BeatReply> = {}, at = 0): BeatReply {
  const now = SERVER_AT_ZERO + at
  const leftMs = over.leftMs ?? 60_000
  return {
    now,
    epoch: '100',
    phase: 'draining',
    leftMs,
    expiry: now + leftMs,
    addressed: true,
    force: false,
    version: '1',
    newer: false,
    ...over,
  }
}

const none = reply({ epoch: '', phase: '', leftMs: 0, expiry: 0, addressed: false })
const ended = (phase: 'aborted' | 'released' | 'lapsed', over: Partial<BeatReply> = {}) =>
  reply({ phase, leftMs: 0, ...over })

function running(): Reconciler {
  const machine = new Reconciler(NUMBERS)
  expect(machine.answered(none, 0)).toEqual([])
  expect(machine.state).toBe('running')
  return machine
}

function held(): Reconciler {
  const machine = running()
  expect(machine.answered(reply(), 0)).toEqual([{ kind: 'drain' }])
  machine.drained()
  expect(machine.state).toBe('drained')
  return machine
}

describe('a running participant', () => {
  it('drains for an intent that addresses it', () => {
    const machine = running()
    expect(machine.answered(reply(), 0)).toEqual([{ kind: 'drain' }])
    expect(machine.standing).toMatchObject({ state: 'draining', epoch: '100' })
  })

  it.each<[string, BeatReply]>([
    ['addresses somebody else', reply({ addressed: false })],
    ['has lapsed', ended('lapsed')],
    ['was aborted', ended('aborted')],
    ['was released', ended('released')],
    ['is missing', none],
  ])('goes on when the intent %s', (_, answer) => {
    const machine = running()
    expect(machine.answered(answer, 0)).toEqual([])
    expect(machine.state).toBe('running')
  })

  it('does not answer an epoch below the highest that it answered', () => {
    const machine = held()
    machine.answered(ended('aborted'), 1)
    expect(machine.answered(reply({ epoch: '99' }), 2)).toEqual([])
    expect(machine.answered(reply({ epoch: '101' }), 3)).toEqual([{ kind: 'drain' }])
  })

  it('compares epochs as numbers of any length', () => {
    const machine = held()
    machine.answered(ended('aborted'), 1)
    expect(machine.answered(reply({ epoch: '1000' }), 2)).toEqual([{ kind: 'drain' }])
  })

  it('forces at once when it learns of the drain and of the force together', () => {
    expect(running().answered(reply({ force: true }), 0)).toEqual([{ kind: 'drain' }, { kind: 'force' }])
  })

  it('goes on when the server is gone', () => {
    const machine = running()
    expect(machine.expire(10 * NUMBERS.maxHoldMs)).toEqual([])
    expect(machine.expiresAt).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a booting participant', () => {
  it('is held at once, without its drain handler, when a drain is in force', () => {
    const machine = new Reconciler(NUMBERS)
    expect(machine.answered(reply(), 0)).toEqual([])
    expect(machine.standing).toMatchObject({ state: 'drained', epoch: '100' })
  })

  it('runs when a push that does not address it is under way', () => {
    const machine = new Reconciler(NUMBERS)
    expect(machine.answered(reply({ phase: 'pushing', addressed: false }), 0)).toEqual([])
    expect(machine.state).toBe('running')
  })

  it('starts anyway when nobody answered', () => {
    const machine = new Reconciler(NUMBERS)
    machine.startAnyway()
    expect(machine.state).toBe('running')
  })
})

describe('a held participant', () => {
  it('resumes when its drain is aborted', () => {
    const machine = held()
    expect(machine.answered(ended('aborted'), 5)).toEqual([{ kind: 'resume', why: 'aborted' }])
    expect(machine.standing).toEqual({ state: 'running' })
  })

  it('resumes when its lease lapses on its own clock, counted from when it heard of it', () => {
    const machine = held()
    expect(machine.answered(reply({}, 10_000), 10_000)).toEqual([])
    expect(machine.expiresAt).toBe(70_000)
    expect(machine.expire(69_999)).toEqual([])
    expect(machine.expire(70_000)).toEqual([{ kind: 'resume', why: 'lapsed' }])
  })

  it('keeps holding while the intent is missing, up to the lapse', () => {
    const machine = held()
    expect(machine.answered(none, 1_000)).toEqual([])
    expect(machine.state).toBe('drained')
    expect(machine.answered(none, 60_000)).toEqual([{ kind: 'resume', why: 'lapsed' }])
  })

  it('is not ended by anything that happened to a lower epoch', () => {
    const machine = held()
    expect(machine.answered(ended('aborted', { epoch: '99' }), 1)).toEqual([])
    expect(machine.state).toBe('drained')
  })

  it('passes to a higher epoch without resuming', () => {
    const machine = held()
    expect(machine.answered(reply({ epoch: '200' }, 1_000), 1_000)).toEqual([])
    expect(machine.standing).toMatchObject({ state: 'drained', epoch: '200' })
    expect(machine.answered(ended('aborted', { epoch: '200' }), 2_000)).toEqual([
      { kind: 'resume', why: 'aborted' },
    ])
  })

  it('reports the expiry that it received, not one that it reckons', () => {
    const machine = held()
    expect(machine.standing.hold).toBe(SERVER_AT_ZERO + 60_000)
    machine.answered(reply({}, 15_000), 15_020)
    expect(machine.standing.hold).toBe(SERVER_AT_ZERO + 75_000)
  })

  it('resumes at its own cap, says so in the hold that it reports, and does not drain for that epoch again', () => {
    const machine = held()
    const late = NUMBERS.maxHoldMs - 20_000
    for (let at = 50_000; at <= late; at += 50_000) machine.answered(reply({}, at), at)
    machine.answered(reply({}, late), late)
    expect(machine.standing.hold).toBe(SERVER_AT_ZERO + NUMBERS.maxHoldMs)
    expect(machine.expire(NUMBERS.maxHoldMs)).toEqual([{ kind: 'resume', why: 'own cap reached' }])
    expect(machine.answered(reply({}, NUMBERS.maxHoldMs), NUMBERS.maxHoldMs)).toEqual([])
    expect(machine.answered(reply({ epoch: '300' }), NUMBERS.maxHoldMs)).toEqual([{ kind: 'drain' }])
  })

  it('is not told to force: nothing runs', () => {
    expect(held().answered(reply({ force: true }), 1)).toEqual([])
  })

  it('beats every 5 s before the commit and at a third of what is left after it', () => {
    const machine = held()
    expect(machine.beatEveryMs(false)).toBe(5_000)
    machine.answered(reply({ phase: 'pushing', leftMs: 180_000 }), 1)
    expect(machine.beatEveryMs(false)).toBe(60_000)
    machine.answered(reply({ phase: 'pushing', leftMs: 30_000 }), 2)
    expect(machine.beatEveryMs(false)).toBe(10_000)
    machine.answered(reply({ phase: 'pushing', leftMs: 3_000 }), 3)
    expect(machine.beatEveryMs(false)).toBe(5_000)
  })
})

describe('after a release', () => {
  it('stays quiet for its SIGTERM, and resumes after 90 s if no newer release came', () => {
    const machine = held()
    expect(machine.answered(ended('released'), 10_000)).toEqual([])
    expect(machine.answered(ended('released'), 99_999)).toEqual([])
    expect(machine.answered(ended('released'), 100_000)).toEqual([
      { kind: 'resume', why: 'released, and no newer release came' },
    ])
  })

  it('never resumes while a newer release is seen', () => {
    const machine = held()
    machine.answered(ended('released'), 10_000)
    expect(machine.answered(ended('released', { newer: true }), 100_000)).toEqual([])
    expect(machine.expire(10 * NUMBERS.maxHoldMs)).toEqual([])
    expect(machine.state).toBe('drained')
  })

  it('resumes by its own clock when the server went away meanwhile', () => {
    const machine = held()
    machine.answered(ended('released'), 10_000)
    expect(machine.expire(100_000)).toEqual([])
    expect(machine.expire(100_000 + NUMBERS.heldBeatMs)).toEqual([
      { kind: 'resume', why: 'released, and no newer release came' },
    ])
  })
})

describe('a draining participant', () => {
  it('is told to force once', () => {
    const machine = running()
    machine.answered(reply(), 0)
    expect(machine.answered(reply({ force: true }), 1)).toEqual([{ kind: 'force' }])
    expect(machine.answered(reply({ force: true }), 2)).toEqual([])
  })

  it('resumes when the drain is withdrawn, and a late end of its handler changes nothing', () => {
    const machine = running()
    machine.answered(reply(), 0)
    expect(machine.answered(ended('aborted'), 1)).toEqual([{ kind: 'resume', why: 'aborted' }])
    machine.drained()
    expect(machine.state).toBe('running')
  })

  it('that failed says so until the epoch is over, then runs and can be asked again', () => {
    const machine = running()
    machine.answered(reply(), 0)
    machine.failed()
    expect(machine.standing).toEqual({ state: 'failed', epoch: '100' })
    expect(machine.answered(reply(), 1)).toEqual([])
    expect(machine.state).toBe('failed')
    expect(machine.answered(ended('aborted'), 2)).toEqual([])
    expect(machine.standing).toEqual({ state: 'running' })
    expect(machine.answered(reply({ epoch: '101' }), 3)).toEqual([{ kind: 'drain' }])
  })
})

describe('a leaving participant', () => {
  it('drains, and never resumes whatever it hears', () => {
    const machine = running()
    expect(machine.leave()).toEqual([{ kind: 'drain' }])
    machine.drained()
    expect(machine.answered(ended('aborted'), 1)).toEqual([])
    expect(machine.expire(10 * NUMBERS.maxHoldMs)).toEqual([])
    expect(machine.state).toBe('drained')
  })

  it('acknowledges a drain that comes while it leaves', () => {
    const machine = running()
    machine.leave()
    machine.answered(reply(), 1)
    expect(machine.standing).toMatchObject({ state: 'draining', epoch: '100' })
  })

  it('does not drain twice when it was held already', () => {
    const machine = held()
    expect(machine.leave()).toEqual([])
  })
})
