import { expect, it } from 'vitest'
import { successors } from '../../src/gate/successor.ts'
import type { Row } from '../../src/protocol/row.ts'

const NOW = 1_000_000
const row = (dyno: string, joined: number, over: Partial<Row> = {}): Row => ({
  ...{ id: `${dyno}#a`, v: '1', type: 'clock', dyno, state: 'running', after: '7' },
  ...{ joined, seen: NOW, until: NOW + 9_000, running: 0, finished: 0, stored: 0 },
  ...over,
})
const of = (...rows: Row[]) => successors({ rows, now: NOW, intent: undefined }, ['clock'], '7', 'v43')

it('are at work since they joined, and the first that did counts', () => {
  expect(of(row('clock.2', NOW - 500), row('clock.1', NOW - 3_000))).toEqual([
    { type: 'clock', dyno: 'clock.1', sinceMs: 3_000 },
  ])
})

it('have joined no later than now, whatever the clock of the server was set to', () => {
  expect(of(row('clock.1', NOW + 60_000))).toEqual([{ type: 'clock', dyno: 'clock.1', sinceMs: 0 }])
})

it('are of the new release, and at work', () => {
  const { after: _, ...before } = row('clock.1', NOW)
  expect(of(before, row('clock.2', NOW, { state: 'booting' }))).toEqual([{ type: 'clock' }])
})
