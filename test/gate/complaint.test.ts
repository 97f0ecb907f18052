import { describe, expect, it } from 'vitest'
import * as complaint from '../../src/gate/complaint.ts'
import type { LeaseLoss } from '../../src/gate/lease.ts'
import type { ParticipantProgress } from '../../src/gate/progress.ts'
import type { Verdict } from '../../src/gate/verdict.ts'
import type { DeployError } from '../../src/outcome.ts'
import type { Blocker } from '../../src/protocol/commit.ts'

function one(over: Partial<ParticipantProgress> = {}): ParticipantProgress {
  const idle = { running: 0, finished: 0, stored: 0, lost: 0 }
  return {
    id: 'a',
    dyno: 'clock.1',
    type: 'clock',
    state: 'draining',
    fromStart: true,
    seenMs: 0,
    ...idle,
    ...over,
  }
}
function verdict(over: Partial<Verdict> = {}): Verdict {
  return { refused: [], late: [], undrained: [], short: [], missing: [], ...over }
}
const short = (type: string, have: number, need: number) => ({ type, have, need, forgivable: false })

describe('a complaint says what happened, to what, and what to do', () => {
  it.each<[string, DeployError, string, RegExp, RegExp]>([
    [
      'refused by several',
      complaint.refused([one({ note: 'not now' }), one({ dyno: 'clock.2' })]),
      'refused',
      /^clock\.1 refused to drain: not now; clock\.2 refused to drain\. Nothing was pushed, and the clock is back at work\.$/,
      /`heroku logs --dyno clock\.1`\. Mend the handler, or deploy once without a drain, in the Action with `skip-drain: true`\.$/,
    ],
    [
      'not acknowledged by several, one of them silent',
      complaint.notAcknowledged(
        [one({ state: 'running' }), one({ dyno: 'clock.2', state: 'silent' })],
        30_000,
      ),
      'not-acknowledged',
      /^clock\.1, clock\.2 \(not heard of any more\) did not accept the drain request within 30 s\. Nothing was pushed/,
      /heroku ps.*heroku logs.*raise acknowledge-timeout\.$/,
    ],
    [
      'too few of one type, none of another',
      complaint.missingClock([short('worker', 2, 3), short('clock', 0, 1)], 30_000),
      'missing-clock',
      /^2 of 3 worker participants and no clock took part within 30 s\. Nothing was pushed/,
      /heroku ps.*REDIS_URL and gate name.*processes.*`on-missing-clock: deploy`\.$/,
    ],
    [
      'up, and at no gate',
      complaint.missingClock(
        [short('clock', 0, 7)],
        30_000,
        Array.from({ length: 7 }, (_, n) => ({ dyno: `clock.${n + 1}`, type: 'clock' })),
      ),
      'missing-clock',
      /^clock\.1 is up but has not joined the gate, clock\.2 is up.*clock\.5 is up but has not joined the gate and 2 more\. 0 of 7 clock/,
      /^Their processes must call join.*`heroku logs --dyno clock\.1` .*`on-missing-clock: deploy`\.$/,
    ],
    [
      'too slow',
      complaint.drainTimeout(
        verdict({
          undrained: [one({ running: 1, note: 'boxes' }), one({ dyno: 'clock.2', state: 'silent' })],
        }),
        300_000,
        false,
      ),
      'drain-timeout',
      /^Not drained within 5 min: clock\.1 \(1 job running, boxes\), clock\.2 \(not heard of any more\)\.$/,
      /^Nothing was pushed, and the clock goes on\. Raise drain-timeout.*on-drain-timeout: force.*deploy/,
    ],
    [
      'too slow although forced',
      complaint.drainTimeout(verdict({ undrained: [one({ running: 2 })] }), 300_000, true),
      'drain-timeout',
      /^Not drained within 5 min, nor after they were told to abort: clock\.1 \(2 jobs running\)\.$/,
      /The drain handler does not heed its signal/,
    ],
    [
      'ended and not started again',
      complaint.drainTimeout(verdict({ short: [short('clock', 0, 1)] }), 300_000, false),
      'drain-timeout',
      /^Not drained within 5 min: 0 of 1 clock participants present\.$/,
      /^Nothing was pushed, and the clock goes on\. A process ended during the drain.*`heroku ps` and `heroku logs`/,
    ],
    [
      'a gate that stays shut',
      complaint.neverOpened('clock.1 is held for 3 s only'),
      'drain-timeout',
      /^Everybody was drained, but the gate did not open: clock\.1 is held for 3 s only\. Nothing was pushed/,
      /Run the deploy again; if it repeats, look at the process: `heroku logs`\.$/,
    ],
    [
      'a new clock that is not seen',
      complaint.clockNotSeen(['clock', 'worker'], 120_000, 'v43'),
      'clock-not-seen',
      /^v43 is released, but no clock, no worker of it joined the gate within 2 min\.$/,
      /`heroku ps` and `heroku logs` tell\..*raise wait-for-clock\.$/,
    ],
    [
      'a new clock that nobody can see',
      complaint.clockUnknown(['clock', 'worker'], new Error('Command timed out'), 'v43'),
      'clock-not-seen',
      /^v43 is released, but Redis could not be reached \(Command timed out\), so it is not known whether its clock and worker runs\.$/,
      /`heroku ps` and `heroku logs`\.$/,
    ],
  ])('%s', (_, error, outcome, message, next) => {
    expect(error.outcome).toBe(outcome)
    expect(error.message).toMatch(message)
    expect(error.next).toMatch(next)
  })

  it.each<[LeaseLoss, RegExp]>([
    [
      'missing',
      /^The drain request is gone from Redis: it was restarted without its data, flushed, or the key was evicted\./,
    ],
    ['superseded', /^Another deploy took the gate over: nightly of 01234567 \(https:\/\/ci\/9\)\./],
    [
      'finished',
      /^The drain was ended by somebody else, by the post step of this job or by deploy-gate resume\./,
    ],
    [
      'lapsed',
      /^The drain ran out before it could be renewed: this process was stopped or cut off from Redis for too long, or the clock/,
    ],
    ['unreachable', /^Redis could not be reached for so long that the drain ran out\./],
  ])('a lease that is %s', (why, what) => {
    const asker = JSON.stringify({ name: 'nightly', commit: '0123456789', runUrl: 'https://ci/9' })
    const error = complaint.leaseLost(why, asker)
    expect(error.outcome).toBe('lease-lost')
    expect(error.message).toMatch(what)
    expect(error.message).toMatch(/ Held participants resume by themselves\.$/)
    expect(error.next).toMatch(/^Run the deploy again\. If it repeats, look at the Redis/)
  })
})

describe('who keeps the gate shut', () => {
  const blocker = (why: Blocker['why'], detail = ''): Blocker => ({
    why,
    dyno: 'clock.1',
    type: 'clock',
    detail,
    id: 'a',
  })

  it.each<[Blocker['why'], string, string]>([
    ['silent', '12000', 'clock.1 has not been heard of for 12 s'],
    ['gone', '', 'clock.1 is gone from the roster'],
    ['version', '2', 'clock.1 speaks version 2 of the drain protocol'],
    ['short-hold', '3000', 'clock.1 is held for 3 s only'],
    ['too-few', '1/2', '1 of 2 clock participants are held'],
    ['short-lease', '2000', 'the own lease is about to end'],
    ['unanswered', '0', 'clock.1 has not answered'],
    ['draining', '1', 'clock.1 is draining'],
    ['failed', '0', 'clock.1 is failed'],
    ['booting', '0', 'clock.1 is booting'],
  ])('%s', (why, detail, line) => {
    expect(complaint.blockers([blocker(why, detail)])).toBe(line)
  })

  it('names ten, and counts the others', () => {
    const line = complaint.blockers(Array.from({ length: 12 }, () => blocker('draining')))
    expect(line.match(/clock\.1 is draining/g)).toHaveLength(10)
    expect(line).toMatch(/ and 2 more$/)
  })
})
