import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NUMBERS } from '../../src/participant/numbers.ts'
import { Participant } from '../../src/participant/participant.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import type { OwnRow } from '../../src/protocol/row.ts'
import { ManualTime, settle } from '../support/manual-time.ts'
import { App } from './support/app.ts'

const SERVER_AT_ZERO = 1_700_000_000_000

/** A server that answers each beat with what the test set, on the test's own time. */
class ScriptedServer {
  readonly time = new ManualTime()
  readonly beats: OwnRow[] = []
  /** when each beat came, and by when it said that the next one would, on the test's time */
  readonly due: { readonly at: number; readonly next: number }[] = []
  /** of the drain in force, server ms; 0: none */
  expiry = 0
  epoch = '100'
  phase = 'draining'
  newer = false
  version = '1'
  away: 'hangs' | Error | undefined

  readonly evalsha = async (...args: unknown[]): Promise<unknown> => {
    if (this.away instanceof Error) throw this.away
    if (this.away) {
      await this.time.sleep(5_000)
      throw new Error('Command timed out')
    }
    this.beats.push(JSON.parse(String(args[5])))
    this.due.push({ at: this.time.now(), next: this.time.now() + Number(args[6]) })
    const now = SERVER_AT_ZERO + this.time.now()
    const epoch = this.expiry ? this.epoch : ''
    const left = Math.max(0, this.expiry - now)
    const inForce = this.phase === 'draining' || this.phase === 'pushing'
    const phase = epoch && inForce && left === 0 ? 'lapsed' : this.phase
    return [
      this.version,
      now,
      epoch,
      epoch && phase,
      inForce ? left : 0,
      this.expiry,
      epoch ? 1 : 0,
      0,
      this.newer ? 1 : 0,
    ]
  }
  readonly eval = this.evalsha

  /** Puts a drain in force, `ms` from now. */
  drainFor(ms: number): void {
    this.expiry = SERVER_AT_ZERO + this.time.now() + ms
  }
}

let server: ScriptedServer
let app: App
let participant: Participant

beforeEach(() => {
  server = new ScriptedServer()
  app = new App({})
  participant = new Participant({ id: 'clock.1#a', dyno: 'clock.1', type: 'clock' }, app, {
    host: server,
    deaf: () => false,
    keys: gateKeys('default'),
    time: server.time,
    log: app.log,
    numbers: NUMBERS,
  })
})
afterEach(async () => {
  server.away = undefined
  app.release()
  const left = participant.leave()
  await server.time.advance(10_000)
  await left
})

/** Starts, and tells whether the app may schedule. */
async function start() {
  const free = { yes: false }
  void participant.start().then(() => {
    free.yes = true
  })
  await settle()
  return free
}

async function ring(): Promise<void> {
  participant.ring()
  await server.time.advance(0)
}

async function held(): Promise<void> {
  await start()
  server.drainFor(60_000)
  await ring()
  expect(participant.state).toBe('drained')
}

describe('a deploy that speaks another version', () => {
  it('is named once, and changes nothing', async () => {
    const free = await start()
    server.version = '2'
    await ring()
    await ring()
    expect(free.yes).toBe(true)
    expect(participant.state).toBe('running')
    const told = app.log.lines.filter((line) =>
      /version 2 of the drain protocol.*Update the older/.test(line),
    )
    expect(told).toHaveLength(1)
  })
})

describe('the boot barrier', () => {
  it('gives up after 5 s without an answer, and not before', async () => {
    server.away = 'hangs'
    const free = await start()
    await server.time.advance(4_999)
    expect(free.yes).toBe(false)
    await server.time.advance(1)
    expect(free.yes).toBe(true)
    expect(participant.state).toBe('running')
  })

  it('is no limit to a hold', async () => {
    server.drainFor(60_000)
    const free = await start()
    expect(app.log.lines).toEqual(['a deploy is under way: not scheduling until it ends'])
    await server.time.advance(59_000)
    expect(free.yes).toBe(false)
    expect(app.log.lines).toHaveLength(1)
    await server.time.advance(1_000)
    expect(free.yes).toBe(true)
    expect(app.calls).toEqual([])
  })
})

describe('beats', () => {
  it('come when the one before said that they would, also as the interval grows with the commit', async () => {
    await held()
    server.phase = 'pushing'
    server.drainFor(180_000)
    await ring()
    await server.time.advance(300_000)
    const late = server.due.filter(({ at }, index) => at > (server.due[index - 1]?.next ?? at))
    expect(late).toEqual([])
    expect(server.due.at(-1)?.next).toBeGreaterThan(0)
  })

  it('come every 25 s and not oftener while nothing is asked', async () => {
    await start()
    const before = server.beats.length
    await server.time.advance(24_999)
    expect(server.beats).toHaveLength(before)
    await server.time.advance(1)
    expect(server.beats).toHaveLength(before + 1)
    await server.time.advance(10 * 25_000)
    expect(server.beats).toHaveLength(before + 11)
  })

  it('are sent at once when what they say has changed', async () => {
    app.atOnce = undefined
    await start()
    expect(server.beats.at(-1)).toMatchObject({ state: 'running' })
    server.drainFor(60_000)
    await ring()
    expect(server.beats.at(-1)).toMatchObject({ state: 'draining', epoch: '100' })
    app.drains[0]?.report({ running: 1 })
    await settle()
    expect(server.beats.at(-1)).toMatchObject({ running: 1 })
    app.drains[0]?.fail(new Error('no'))
    await settle()
    expect(server.beats.at(-1)).toMatchObject({ state: 'failed', note: 'no' })
    server.phase = 'aborted'
    await ring()
    expect(server.beats.at(-1)).toMatchObject({ state: 'running', running: 0 })
    expect(server.beats.at(-1)).not.toHaveProperty('note')
  })

  it('that tell of progress alone come at once, then 250 ms apart, and the last count is never lost', async () => {
    app.atOnce = undefined
    await start()
    server.drainFor(600_000)
    await ring()
    const before = server.beats.length
    app.drains[0]?.report({ running: 1_000 })
    await settle()
    expect(server.beats).toHaveLength(before + 1)
    for (let at = 1; at < 1_000; at++) {
      app.drains[0]?.report({ running: 1_000 - at, finished: at })
      await server.time.advance(1)
    }
    expect(server.beats.slice(before)).toHaveLength(4)
    expect(server.beats.at(-1)).toMatchObject({ running: 250, finished: 750 })
    await server.time.advance(1)
    expect(server.beats.at(-1)).toMatchObject({ running: 1, finished: 999 })
    app.drains[0]?.report({ note: 'almost' })
    await server.time.advance(100)
    expect(server.beats.at(-1)).not.toHaveProperty('note')
    app.drains[0]?.end({ finished: 1_000 })
    await settle()
    expect(server.beats.at(-1)).toMatchObject({
      state: 'drained',
      running: 0,
      finished: 1_000,
      note: 'almost',
    })
    const ended = server.beats.length
    await server.time.advance(1_000)
    expect(server.beats).toHaveLength(ended)
  })

  it('of a change of state never wait for what progress waits for', async () => {
    app.atOnce = undefined
    await start()
    server.drainFor(600_000)
    await ring()
    app.drains[0]?.report({ running: 2 })
    await settle()
    app.drains[0]?.report({ running: 1 })
    app.drains[0]?.fail(new Error('no'))
    await settle()
    expect(server.beats.at(-1)).toMatchObject({ state: 'failed', running: 1 })
  })

  it('that the server refuses are told', async () => {
    await start()
    server.away = Object.assign(new Error('OOM command not allowed'), { name: 'ReplyError' })
    await server.time.advance(25_000)
    expect(app.log.lines).toEqual(['warning: the gate refused a beat: OOM command not allowed'])
    expect(participant.state).toBe('running')
  })

  it('that do not get through are nothing to talk about: the link does', async () => {
    await start()
    server.away = new Error('Command timed out')
    await server.time.advance(100_000)
    expect(app.log.lines).toEqual([])
  })
})

describe('a drain that is withdrawn before its handler was called', () => {
  it('is no reason to resume an app that it has not stopped', async () => {
    const resuming = Promise.withResolvers<void>()
    app.onResume = () => resuming.promise
    await held()
    server.phase = 'aborted'
    await ring()
    // The app still resumes when the next drain comes, and that one ends before it is done.
    server.phase = 'draining'
    server.epoch = '101'
    server.drainFor(60_000)
    await ring()
    server.phase = 'aborted'
    await ring()
    expect(app.calls).toEqual(['drain', 'resume'])
    resuming.resolve()
    await settle()
    expect(app.calls).toEqual(['drain', 'resume'])
    expect(participant.state).toBe('running')
    server.phase = 'draining'
    server.epoch = '102'
    await ring()
    expect(app.calls).toEqual(['drain', 'resume', 'drain'])
  })
})

describe('a hold', () => {
  it('lasts as long as its lease when the server stays away, and not longer', async () => {
    await held()
    server.away = new Error('gone')
    await server.time.advance(59_999)
    expect(app.calls).toEqual(['drain'])
    await server.time.advance(1)
    expect(app.calls).toEqual(['drain', 'resume'])
  })

  it('keeps a hold that it can prove while the lease is renewed: never less than the margin of 30 s', async () => {
    await held()
    for (let at = 0; at < 20; at++) {
      server.drainFor(60_000)
      await server.time.advance(15_000)
      const left = (server.beats.at(-1)?.hold ?? 0) - SERVER_AT_ZERO - server.time.now()
      expect(left).toBeGreaterThanOrEqual(30_000)
    }
    expect(app.calls).toEqual(['drain'])
  })

  it('ends after an hour, whatever the deployer does, and does not begin again for that epoch', async () => {
    await held()
    for (let at = 0; at < 239; at++) {
      server.drainFor(60_000)
      await server.time.advance(15_000)
    }
    server.drainFor(60_000)
    await server.time.advance(14_999)
    expect(app.calls).toEqual(['drain'])
    await server.time.advance(1)
    expect(app.calls).toEqual(['drain', 'resume'])
    server.drainFor(600_000)
    await server.time.advance(300_000)
    expect(app.calls).toEqual(['drain', 'resume'])
  })

  it('goes on for 90 s after the release, and then ends if no newer release is there', async () => {
    await held()
    server.phase = 'released'
    await ring()
    await server.time.advance(89_999)
    expect(app.calls).toEqual(['drain'])
    await server.time.advance(10_000)
    expect(app.calls).toEqual(['drain', 'resume'])
    expect(app.log.lines.at(-1)).toBe('resuming: the drain ended (released, and no newer release came)')
  })

  it('never ends while a newer release is there', async () => {
    await held()
    server.phase = 'released'
    server.newer = true
    await ring()
    await server.time.advance(10 * 3_600_000)
    expect(app.calls).toEqual(['drain'])
  })
})

describe('leaving', () => {
  it('tells the handler after 20 s that time is up, and waits for it all the same', async () => {
    app.atOnce = undefined
    await start()
    let gone = false
    const left = participant.leave().then(() => {
      gone = true
    })
    await settle()
    await server.time.advance(19_999)
    expect(app.calls).toEqual(['drain'])
    await server.time.advance(1)
    expect(app.calls).toEqual(['drain', 'force'])
    await server.time.advance(60_000)
    expect(gone).toBe(false)
    app.drains[0]?.end({ stored: 1 })
    await left
    expect(server.beats.at(-1)).toMatchObject({ state: 'exited', stored: 1 })
    expect(server.time.sleeping).toBe(0)
  })

  it('does not wait longer than 2 s for its farewell', async () => {
    await held()
    server.away = 'hangs'
    let gone = false
    const left = participant.leave().then(() => {
      gone = true
    })
    await settle()
    await server.time.advance(1_999)
    expect(gone).toBe(false)
    await server.time.advance(1)
    await left
  })

  it('never frees an app that is held since its boot', async () => {
    server.drainFor(60_000)
    const free = await start()
    await participant.leave()
    await server.time.advance(100_000)
    expect(free.yes).toBe(false)
  })
})
