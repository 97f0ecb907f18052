import { describe, expect, it } from 'vitest'
import { renderTable } from '../../src/cli/table.ts'
import { reportHold } from '../../src/deploy/hold-report.ts'
import { MOST_ELEMENTS } from '../../src/gate/list/lists.ts'
import { ListProgress } from '../../src/gate/list/progress.ts'
import { Progress } from '../../src/gate/progress.ts'
import { judge } from '../../src/gate/verdict.ts'
import type { View } from '../../src/protocol/look.ts'
import type { Row } from '../../src/protocol/row.ts'

/** Nobody has as many participants; somebody who can write to the Redis can write as many rows. */
const MANY = 200_000
const NOW = 1_764_061_835_170

/** Calls `count` for each reading of a field of `object`. */
function counted<T extends object>(object: T, count: () => void): T {
  return new Proxy(object, {
    get(target, name) {
      count()
      return Reflect.get(target, name)
    },
  })
}

function viewOf(size: number, count: () => void): View {
  const rows = Array.from({ length: size }, (_, at): Row => {
    const own = {
      id: `clock.1#${at}`,
      v: '1',
      type: 'clock',
      dyno: `clock.${at}`,
      state: 'drained',
      epoch: '7',
    } as const
    return counted(
      { ...own, running: 0, finished: 1, stored: 0, joined: NOW, seen: NOW, until: NOW + 9_000 },
      count,
    )
  })
  const lease = { leaseMs: 60_000, expiry: NOW + 60_000, began: NOW, replaces: '', asker: '{}' }
  const targets = rows.map(({ id }) => id)
  return { now: NOW, rows, intent: { v: '1', id: 'a', epoch: '7', phase: 'draining', ...lease, targets } }
}

describe('so many participants that work for each pair of them would never end', () => {
  it('are followed with work for each of them alone', () => {
    let reads = 0
    const view = viewOf(2_000, () => reads++)
    const progress = new Progress('7', ['clock'])
    progress.update(view, 0)
    reads = 0
    expect(progress.update(view, 1)).toEqual([])
    expect(reads).toBeLessThan(50 * 2_000)
  })

  it('are judged with work for each of them alone', () => {
    let reads = 0
    const participants = Array.from({ length: 2_000 }, (_, at) =>
      counted(
        {
          ...{
            id: `${at}`,
            dyno: `clock.${at % 2 ? at : 1}`,
            type: 'clock',
            seenMs: at,
            fromStart: true,
            lost: 0,
          },
        } as const,
        () => reads++,
      ),
    ).map((one) => Object.assign(one, { state: 'silent' as const, running: 0, finished: 0, stored: 0 }))
    reads = 0
    const terms = {
      acknowledgeTimeoutMs: 1,
      drainTimeoutMs: 1,
      onDrainTimeout: 'fail',
      onMissingClock: 'fail',
    } as const
    judge(participants, { ...terms, asked: [{ type: 'clock', atLeast: 1, demanded: false }] }, 2)
    expect(reads).toBeLessThan(50 * 2_000)
  })

  it('have a report', () => {
    const one = {
      id: 'a',
      dyno: 'clock.1',
      type: 'clock',
      state: 'drained',
      seenMs: 0,
      acceptedMs: 1,
      drainedMs: 200,
    } as const
    expect(reportHold({ participants: Array(MANY).fill(one), quietMs: 1 }).drainSeconds).toBe(0.2)
  })

  it('have a table', () => {
    const lines = renderTable(
      [{ head: 'DYNO', align: 'left', cell: (row: string) => row }],
      Array(MANY).fill('clock.1'),
    )
    expect(lines).toHaveLength(MANY + 1)
  })
})

it('numbers of lists that nobody can believe are not counted up to', () => {
  const progress = new ListProgress(['clock'], 2)
  const texts = ['done']
  const lines = progress.update(
    { kind: 'seen', asked: 1e15, taken: 1e15, answered: 1e15, early: 1e15, texts },
    1,
  )
  expect(progress.participants).toHaveLength(2)
  expect(lines.length).toBeLessThanOrEqual(MOST_ELEMENTS + 4)
})
