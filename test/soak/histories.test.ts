import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type History, liveThrough } from '../../soak/history.ts'
import { liveMany } from '../../soak/many.ts'
import { Tally } from '../../soak/tally.ts'

const HISTORIES = 300
const LIMIT = { timeout: 600_000 }

function expectNoViolation({ seed, violations, lines }: History): void {
  const broken = violations.map(({ rule, what }) => `${rule}: ${what}`)
  expect(broken, `script/soak --seed ${seed}\n${lines.join('\n')}`).toEqual([])
}

describe('random histories', LIMIT, () => {
  it(`${HISTORIES} of them break no rule, and every fault is in them`, async () => {
    const tally = new Tally()
    const broken: History[] = []
    await liveMany(
      1,
      (seed) => seed <= HISTORIES,
      (history) => {
        tally.add(history)
        if (history.violations.length > 0) broken.push(history)
      },
    )
    for (const history of broken) expectNoViolation(history)
    expect(tally.histories).toBe(HISTORIES)
    expect(tally.pushes).toBeGreaterThan(HISTORIES / 4)
    for (const [kind, times] of Object.entries(tally.faults)) expect(times, kind).toBeGreaterThan(0)
    for (const outcome of ['deployed', 'build-failed', 'busy', 'lease-lost', 'cancelled', 'crashed'])
      expect(tally.outcomes[outcome], outcome).toBeGreaterThan(0)
  })
})

describe('a history that broke a rule once', LIMIT, () => {
  const folder = join(import.meta.dirname, '../../soak/regressions')
  it.concurrent.each(readdirSync(folder).filter((name) => name.endsWith('.json')))('%s', async (name) => {
    expectNoViolation(await liveThrough(JSON.parse(readFileSync(join(folder, name), 'utf8'))))
  })
})
