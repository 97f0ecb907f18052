import { fastTime } from './fast-clock.ts'
import type { FaultKind } from './faults.ts'
import type { Violation } from './ledger.ts'
import { type HistoryPlan, planHistory } from './plan.ts'
import { World } from './world.ts'

/** How much faster than life histories go by. */
export const SPEED = 10

/** What came of one history. */
export interface History {
  readonly seed: number
  readonly pushes: number
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly violations: readonly Violation[]
  /** everything that happened, a line each */
  readonly lines: readonly string[]
  readonly outcomes: readonly string[]
}

/** Lives through the history of `seed`: the same parties, the same plans and the same faults each time. */
export function live(seed: number, speed = SPEED): Promise<History> {
  return liveThrough(planHistory(seed), speed)
}

export async function liveThrough(plan: HistoryPlan, speed = SPEED): Promise<History> {
  await using world = await World.of(plan, fastTime(speed), speed)
  await world.run()
  return {
    seed: plan.seed,
    pushes: world.platform.pushes.length,
    faults: world.inflicted,
    violations: world.ledger.violations,
    lines: world.ledger.lines,
    outcomes: world.deployers.map(({ report }) => report?.outcome ?? 'crashed'),
  }
}
