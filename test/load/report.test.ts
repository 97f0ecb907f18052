import { describe, expect, it } from 'vitest'
import { writeOutputs } from '../../src/action/outputs.ts'
import { renderSummary } from '../../src/action/summary.ts'
import { reportHold } from '../../src/deploy/hold-report.ts'
import type { DeployReport, Span } from '../../src/deploy/report.ts'
import { drainTimeout, notAcknowledged, refused } from '../../src/gate/complaint.ts'
import { Contact } from '../../src/gate/contact.ts'
import { NUMBERS } from '../../src/gate/numbers.ts'
import { Progress } from '../../src/gate/progress.ts'
import { linesOf } from '../../src/gate/telling.ts'
import type { DrainTerms } from '../../src/gate/terms.ts'
import { judge } from '../../src/gate/verdict.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import type { View } from '../../src/protocol/look.ts'
import { NOTE_LENGTH, type Row } from '../../src/protocol/row.ts'
import { Lines } from '../participant/support/lines.ts'
import { ManualTime, settle } from '../support/manual-time.ts'

const NOW = 1_700_000_000_000
const EPOCH = '100'
const MANY = 3_000
/** four bytes each, and what it becomes in markdown is longer than most */
const NOTE = '#😀'.repeat(NOTE_LENGTH / 3)

/** A view of so many participants, each as `like` has it. */
function view(count: number, like: (at: number) => Partial<Row>): View {
  const rows = Array.from(
    { length: count },
    (_, at): Row => ({
      id: `clock.${at + 1}#0b7e0000-0000-4000-8000-000000000000`,
      v: '1',
      type: 'clock',
      dyno: `clock.${at + 1}`,
      state: 'running',
      running: 0,
      finished: 0,
      stored: 0,
      joined: NOW - 60_000,
      seen: NOW,
      until: NOW + 10_000,
      ...like(at),
    }),
  )
  const targets = rows.map(({ id }) => id)
  const intent = {
    v: '1',
    id: 'd',
    epoch: EPOCH,
    phase: 'draining',
    leaseMs: 60_000,
    expiry: NOW,
    began: NOW,
    replaces: '',
    asker: '',
    targets,
  }
  return { now: NOW, rows, intent }
}

const all = (over: Partial<Row>) => () => over
const answer = (state: Row['state'], over: Partial<Row> = {}) => ({ state, epoch: EPOCH, ...over })

describe('the log of a deploy with a thousand participants', () => {
  it('has one line for what many do at a time, with their sums', () => {
    const progress = new Progress(EPOCH, ['clock'])
    const tell = (like: (at: number) => Partial<Row>, rows = 1_000) =>
      linesOf(progress.update(view(rows, like), 0))
    const who =
      'clock.1, clock.2, clock.3, clock.4, clock.5, clock.6, clock.7, clock.8, clock.9, clock.10 and 990 more'
    expect(tell(all({}))).toEqual([`${who} are asked to drain`])
    expect(tell(all(answer('draining', { running: 2 })))).toEqual([
      `${who} accepted: 2000 jobs running, 0 finished, 0 stored`,
    ])
    expect(tell(all(answer('draining', { running: 1, finished: 1 })))).toEqual([
      `${who}: 1000 jobs running, 1000 finished, 0 stored`,
    ])
    expect(tell(all(answer('drained', { finished: 2 })))).toEqual([
      `${who} are drained: 2000 finished, 0 stored`,
    ])
    expect(tell(all({}))).toEqual([`${who} are scheduling again`])
    expect(tell(all(answer('failed')))).toEqual([`${who} refuse to drain`])
    expect(tell(all(answer('draining', { running: 1 })))).toHaveLength(1)
    expect(tell(all({ until: NOW - 1 }))).toEqual([
      `${who} have not been heard of for some time; 1000 jobs ran in them and are lost`,
    ])
    expect(tell(all(answer('exited')))).toEqual([`${who} ended; waiting for Heroku to start them again`])
    expect(tell(all(answer('drained')))).toHaveLength(1)
    expect(tell(all({}), 0)).toEqual([`${who} are gone from the roster`])
    const strangers = new Progress(EPOCH, ['clock']).update(view(1_000, all({ v: '2' })), 0)
    expect(linesOf(strangers)).toEqual([
      `${who} speak another version of the drain protocol than this deploy: they can't be asked`,
    ])
  })

  it('has a line for each of a few', () => {
    const progress = new Progress(EPOCH, ['clock'])
    progress.update(view(1_000, all({})), 0)
    const some = view(1_000, (at) =>
      at < 3 ? answer('draining') : at < 5 ? answer('drained', { finished: 1 }) : {},
    )
    expect(linesOf(progress.update(some, 0))).toEqual([
      'clock.1 accepted: 0 jobs running, 0 finished, 0 stored',
      'clock.2 accepted: 0 jobs running, 0 finished, 0 stored',
      'clock.3 accepted: 0 jobs running, 0 finished, 0 stored',
      'clock.4 is drained: 1 finished, 0 stored',
      'clock.5 is drained: 1 finished, 0 stored',
    ])
  })
})

describe('a message about thousands', () => {
  const followed = (over: Partial<Row>) => {
    const progress = new Progress(EPOCH, ['clock'])
    progress.update(view(MANY, all(over)), 0)
    return progress.participants
  }
  const terms: DrainTerms = {
    asked: [{ type: 'clock', atLeast: MANY, demanded: true }],
    acknowledgeTimeoutMs: 1_000,
    drainTimeoutMs: 1_000,
    onDrainTimeout: 'fail',
    onMissingClock: 'fail',
  }

  it.each([
    ['refuse', () => refused(followed(answer('failed', { note: NOTE })))],
    ['do not accept', () => notAcknowledged(followed({}), 1_000)],
    ['are of another version', () => notAcknowledged(followed({ v: '2' }), 1_000)],
    [
      'do not drain',
      () =>
        drainTimeout(judge(followed(answer('draining', { running: 1, note: NOTE })), terms, 1), 1_000, false),
    ],
  ])('that %s names some and counts the others', (_, complain) => {
    const { message } = complain()
    expect(message).toContain('clock.1')
    expect(message).toMatch(/ and 29\d\d more/)
    expect(message.length).toBeLessThan(2_000)
  })
})

describe('what thousands of participants leave behind', () => {
  const participants = (() => {
    const progress = new Progress(EPOCH, ['clock'])
    progress.update(
      view(MANY, (at) =>
        answer(at % 100 === 99 ? 'draining' : 'drained', { note: NOTE, running: 1, finished: 12 }),
      ),
      100,
    )
    return progress.participants
  })()
  const spans = participants.flatMap(({ dyno, drainedMs }): Span[] => [
    { name: `${dyno} asked`, section: 'gate', fromMs: 0, toMs: 100, failed: false },
    { name: `${dyno} draining`, section: 'gate', fromMs: 100, toMs: 200, failed: drainedMs === undefined },
  ])
  const report: DeployReport = {
    ...reportHold({ participants, quietMs: 1_000 }),
    outcome: 'drain-timeout',
    message: 'm'.repeat(10_000),
    next: NOTE,
    app: 'shop',
    warnings: Array.from({ length: 5_000 }, () => NOTE.repeat(20)),
    spans,
  }

  it('is a summary that GitHub shows', () => {
    const text = renderSummary(report)
    expect(Buffer.byteLength(text)).toBeLessThan(1_048_576)
    const chart = /```mermaid\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    expect(chart.length).toBeLessThan(50_000)
    expect(chart).toContain('clock.100 draining')
    expect(text).toContain('and 2900 more')
  })

  it('is outputs that the next step can take into its environment, those who did not drain first', () => {
    const outputs = new Map<string, string>()
    writeOutputs(report, (name, value) => outputs.set(name, value))
    for (const value of outputs.values()) expect(Buffer.byteLength(value)).toBeLessThanOrEqual(100_000)
    const drained = JSON.parse(outputs.get('drained') ?? '') as {
      dyno: string
      state: string
      finished: number
      note?: string
    }[]
    expect(drained.filter(({ state }) => state === 'draining')).toHaveLength(MANY / 100)
    expect(drained.length).toBeGreaterThan(400)
    expect(drained[0]).toMatchObject({ dyno: 'clock.1', finished: 12 })
    expect(outputs.get('jobs-finished')).toBe(String(12 * MANY))
  })

  it('are outputs with all that they said while they are few', () => {
    const outputs = new Map<string, string>()
    writeOutputs({ ...report, participants: report.participants.slice(0, 100) }, (name, value) =>
      outputs.set(name, value),
    )
    const drained = JSON.parse(outputs.get('drained') ?? '')
    expect(drained).toHaveLength(100)
    expect(drained[0].note).toBe(NOTE)
  })
})

it.each([
  [1, 1_000],
  [1_000, 5],
])('of %i participants a deployer that is always rung looks about %i times a second', async (rows, looks) => {
  const time = new ManualTime()
  const roster = view(rows, all({})).rows.flatMap(({ id, ...row }) => [id, JSON.stringify(row)])
  let count = 0
  const host = {
    eval: () => Promise.reject(new Error('not asked for')),
    async evalsha() {
      count++
      return [NOW, [], roster]
    },
  }
  const around = {
    host,
    keys: gateKeys('default'),
    listen: async () => true,
    time,
    log: new Lines(),
    numbers: NUMBERS,
    signal: new AbortController().signal,
  }
  const contact = new Contact(around, { id: 'd', epoch: EPOCH }, 0, 60_000)
  let over = false
  const looking = (async () => {
    while (!over) {
      await contact.read()
      await contact.pause(2_000)
    }
  })()
  for (let ms = 0; ms < 1_000; ms++) {
    contact.ring()
    await time.advance(1)
  }
  over = true
  await time.advance(2_000)
  await looking
  contact.close()
  await settle()
  expect(count).toBeGreaterThanOrEqual(looks)
  expect(count).toBeLessThanOrEqual(looks + 3)
})
