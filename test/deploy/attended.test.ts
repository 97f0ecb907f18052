import { describe, expect, it } from 'vitest'
import {
  type DrainEvent,
  eventLine,
  isEvent,
  type Order,
  orderLine,
  readEvent,
  readOrder,
} from '../../src/deploy/attended.ts'
import { oneLine } from '../../src/one-line.ts'

const PARTICIPANT = { id: 'clock.1#a', dyno: 'clock.1', type: 'clock', state: 'drained', seenMs: 0 }
const STANDING = { elapsedMs: 2_000, quietMs: 1_500 }

describe('an event', () => {
  it.each<DrainEvent>([
    { event: 'started' },
    { event: 'asked', standing: { elapsedMs: 0 } },
    {
      event: 'participant',
      participant: {
        ...PARTICIPANT,
        ...{ acceptedMs: 1, drainedMs: 2, resumedMs: 3, finished: 4, stored: 0, lost: 0, note: 'so "well"' },
      },
    },
    { event: 'open', standing: STANDING },
    { event: 'released', standing: STANDING },
    { event: 'successor', dynos: ['clock.1', 'worker.1'], standing: STANDING },
    { event: 'failed', outcome: 'busy', message: 'Another deploy.', next: 'Wait.', standing: STANDING },
    { event: 'ended', standing: STANDING },
  ])('$event is read as it was written', (event) => {
    const line = eventLine(event)
    expect(isEvent(line)).toBe(true)
    expect(readEvent(line)).toEqual(event)
  })

  it.each<DrainEvent>([
    { event: 'failed', outcome: 'refused', message: 'm'.repeat(5_000), next: 'n'.repeat(5_000) },
    { event: 'failed', outcome: 'refused', message: '\u2028'.repeat(2_000), next: '"'.repeat(2_000) },
    { event: 'participant', participant: { ...PARTICIPANT, note: '\u0001'.repeat(5_000) } },
    { event: 'successor', dynos: Array(1_000).fill('clock-0123456789-abcdef') },
  ])('$event is on one line that a dyno shows whole, whatever is in it', (event) => {
    const line = eventLine(event)
    expect(line.length).toBeLessThan(2_000)
    expect(oneLine(line, 2_000)).toBe(line)
    expect(readEvent(line)).toMatchObject({ event: event.event })
  })

  it('keeps of a long text what there is room for', () => {
    const failed = { event: 'failed', outcome: 'refused', message: 'm'.repeat(700), next: 'Look.' } as const
    expect(readEvent(eventLine(failed))).toEqual(failed)
    expect(readEvent(eventLine({ ...failed, message: 'm'.repeat(900) }))).toMatchObject({
      message: `${'m'.repeat(799)}…`,
    })
  })

  it('is no line of a log, and no line of a log is one', () => {
    for (const line of ['deploy-gate: {"deploy-gate":1}', ' {"deploy-gate":1}', '{"deploy":1}', '']) {
      expect(isEvent(line)).toBe(false)
    }
  })

  it('of another conversation tells which', () => {
    expect(readEvent('{"deploy-gate":2,"event":"open"}')).toEqual({ foreign: '2' })
  })

  it.each([
    '{"deploy-gate":',
    '{"deploy-gate":{}}',
    '{"deploy-gate":"2","event":"open"}',
    '{"deploy-gate":1}',
    '{"deploy-gate":1,"event":"tea"}',
    '{"deploy-gate":1,"event":"participant","participant":{"id":"a","dyno":"b","type":"c","state":4}}',
    '{"deploy-gate":1,"event":"failed","outcome":"dry-run","message":"","next":""}',
  ])('is not read from %s', (line) => {
    expect(readEvent(line)).toBeUndefined()
  })
})

describe('an order', () => {
  it.each<Order>([
    { word: 'released', release: 'v43' },
    { word: 'successor', release: 'v43', waitMs: 120_000 },
    { word: 'aborted' },
    { word: 'cancelled' },
    { word: 'end' },
  ])('$word is read as it was written', (order) => {
    expect(readOrder(orderLine(order))).toEqual(order)
    expect(readOrder(`  ${orderLine(order)} \r`)).toEqual(order)
  })

  it.each(['', 'released', 'released 43', 'released v43 now', 'successor v43', 'successor v43 -1', 'end it'])(
    'is not read from "%s"',
    (line) => {
      expect(readOrder(line)).toBeUndefined()
    },
  )
})
