import { describe, expect, it } from 'vitest'
import { CHECKS, type Check } from '../../spec/checks.ts'
import { judge, readSearch, verify } from '../../spec/verify.ts'

const LIMIT_MS = 600_000
const AT_ONCE = 2

/** One after another in AT_ONCE rows that go on side by side: a search takes a whole processor, and much memory. */
const rows: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve())
let next = 0
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const index = next++ % AT_ONCE
  const mine = (rows[index] ?? Promise.resolve()).then(work)
  rows[index] = mine.catch(() => {})
  return mine
}

const titles: Record<Check['kind'], string> = {
  holds: 'the protocol keeps its invariants',
  mutant: 'a mistake in the protocol is caught',
  limit: 'what the protocol does not promise does go wrong',
  happens: 'what should happen in the model does',
}

for (const [kind, title] of Object.entries(titles)) {
  describe.concurrent(title, () => {
    for (const check of CHECKS.filter((one) => one.kind === kind)) {
      it(check.name, { timeout: LIMIT_MS }, async ({ expect, signal }) => {
        const { passed, why } = await inTurn(() => verify(check, signal))
        expect(why).toBe(
          {
            holds: 'holds',
            happens: 'happens',
            mutant: `violates ${check.violates}`,
            limit: `violates ${check.violates}`,
          }[check.kind],
        )
        expect(passed).toBe(true)
      })
    }
  })
}

describe('the report of a search', () => {
  const report = (more = '', errors = 0) =>
    `${more}\nState-vector 100 byte, depth reached 980, errors: ${errors}\n    37112 states, stored\n`
  const holds: Check = { name: 'x', kind: 'holds', settings: {} }
  const mutant: Check = { name: 'x', kind: 'mutant', settings: {}, violates: 'I1' }
  const violated = report(
    'pan:1: assertion violated ((I1||((0!=0)&&(0!=1)))||(participant[j].state==9)) (at depth 26)',
    1,
  )

  it('tells a search that found nothing', () => {
    expect(readSearch(report())).toEqual({ violated: '', truncated: '', states: 37112, depth: 980 })
    expect(judge(holds, readSearch(report())).passed).toBe(true)
    expect(judge(mutant, readSearch(report()))).toEqual({ passed: false, why: 'I1 is not violated' })
  })

  it('tells which invariant is violated', () => {
    expect(readSearch(violated).violated).toBe('I1')
    expect(judge(holds, readSearch(violated))).toEqual({ passed: false, why: 'I1 is violated' })
    expect(judge({ ...mutant, violates: 'I10' }, readSearch(violated)).passed).toBe(false)
    expect(judge(mutant, readSearch(violated)).passed).toBe(true)
  })

  it.each([
    ['error: max search depth too small', /longer than/],
    ['pan: reached -DMEMLIM bound', /MB/],
    ['Warning: Search not completed', /not completed/],
  ])('takes a search that was cut short for a failure: %s', (line, why) => {
    const search = readSearch(report(line))
    expect(judge(holds, search)).toEqual({ passed: false, why: expect.stringMatching(why) })
    expect(judge(mutant, search)).toEqual({ passed: false, why: expect.stringMatching(why) })
  })

  it('takes a deadlock for a violation', () => {
    const search = readSearch(report('pan:1: invalid end state (at depth 7)', 1))
    expect(judge(holds, search)).toEqual({ passed: false, why: 'invalid end state (at depth 7) is violated' })
  })

  it('does not take for a report what is none', () => {
    expect(() => readSearch('Segmentation fault')).toThrow(/no report of a search:\nSegmentation fault/)
    expect(() => readSearch(report('', 1))).toThrow(/does not name/)
  })
})
