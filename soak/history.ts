import { fastTime } from './fast-clock.ts'
import { type FaultKind, inflict } from './faults.ts'
import type { Violation } from './ledger.ts'
import { type HistoryPlan, type PlannedFault, planHistory, TROUBLE_MS } from './plan.ts'
import { Random, randomWork } from './random.ts'
import { World } from './world.ts'

/** How much faster than life histories go by. */
export const SPEED = 10

/** What came of one history. */
export interface History {
  readonly seed: number
  readonly pushes: number
  /** how often each fault happened to somebody */
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
  const random = new Random(plan.seed ^ 0x5eed)
  await using world = await World.of(plan, fastTime(speed), speed, () => randomWork(random.fork()))
  const inflicted = new Map<FaultKind, number>()
  await run(plan, world, inflicted)
  return {
    seed: plan.seed,
    pushes: world.platform.pushes.length,
    faults: inflicted,
    violations: world.ledger.violations,
    lines: world.ledger.lines,
    outcomes: world.deployers.map(({ report }) => report?.outcome ?? 'crashed'),
  }
}

/** Lives through the plan, and sees to it that everybody comes to rest. */
async function run(plan: HistoryPlan, world: World, inflicted: Map<FaultKind, number>): Promise<void> {
  const { time } = world
  await world.platform.begin(plan.dynos)
  const deploys = plan.deploys.map(async (planned, index) => {
    await time.sleep(planned.atMs)
    await world.deploy(planned, `deploy-${index + 1}`)
  })
  const fault = async (planned: PlannedFault) => {
    const { kind, lastsMs, atMs, after } = planned
    if (after) {
      const over = time.sleep(TROUBLE_MS).then(() => false)
      const came = world.witness.moment(after).then(() => true)
      if (!(await Promise.race([over, came]))) return
    }
    await time.sleep(atMs)
    const heal = await inflict(planned, world)
    if (!heal) return
    inflicted.set(kind, (inflicted.get(kind) ?? 0) + 1)
    await world.outlive(heal, Math.min(lastsMs, Math.max(0, TROUBLE_MS + 90_000 - world.ledger.now)))
    world.ledger.write('fault', `${kind} is over`)
  }
  await Promise.all(plan.faults.map(fault))
  await Promise.all(deploys)
  await world.judge.rest()
}
