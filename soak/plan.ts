import type { OnDrainTimeout } from '../src/deploy/plan.ts'
import type { Temper } from './app.ts'
import { FAULTS, type FaultKind } from './faults.ts'
import type { Fate } from './platform.ts'
import { Random } from './random.ts'

/** What a fault may wait for: the first of its kind that the server does. */
export const MOMENTS = ['asked', 'accepted', 'drained', 'committed', 'released', 'aborted'] as const
export type Moment = (typeof MOMENTS)[number]

/** A fault that happens at `atMs`, or so long after a moment, to whom `target` picks, and is over `lastsMs` later. */
export interface PlannedFault {
  readonly kind: FaultKind
  readonly after?: Moment
  readonly atMs: number
  readonly lastsMs: number
  /** in [0, 1): picks among whoever it can happen to */
  readonly target: number
  /** in [0, 1): how bad it is */
  readonly force: number
}

/** A deploy that begins at `atMs`. */
export interface PlannedDeploy {
  readonly atMs: number
  readonly fate: Fate
  readonly onDrainTimeout: OnDrainTimeout
  readonly drainTimeoutMs: number
  /** cancelled so long after its begin; absent: never */
  readonly cancelledAfterMs?: number
  /** whether another job ends its hold after it was killed, as the action's post step does */
  readonly post: boolean
  /** until it does; default: at once */
  readonly postAfterMs?: number
  /** default: `DEPLOY_TIMEOUT_MS` */
  readonly deployTimeoutMs?: number
  /** default: a minute */
  readonly waitForClockMs?: number
}

/** Who is there. */
export interface Cast {
  readonly dynos: readonly string[]
  /** of the dynos that are not willing */
  readonly tempers: Readonly<Record<string, Temper>>
  /** whether a replica of the server can take over */
  readonly withReplica: boolean
}

/** Everything about a history that is not left to the machine: the same for the same seed. */
export interface HistoryPlan extends Cast {
  readonly seed: number
  readonly deploys: readonly PlannedDeploy[]
  readonly faults: readonly PlannedFault[]
}

/** Faults happen up to here, ms; then all is well, and everybody has to come to rest. */
export const TROUBLE_MS = 110_000

export function planHistory(seed: number): HistoryPlan {
  const random = new Random(seed)
  const dynos = [
    'clock.1',
    ...(random.chance(0.5) ? ['clock.2'] : []),
    ...(random.chance(0.3) ? ['worker.1'] : []),
  ]
  const tempers: Record<string, Temper> = {}
  for (const dyno of dynos) {
    if (random.chance(0.04)) tempers[dyno] = 'refuses'
    else if (random.chance(0.05)) tempers[dyno] = 'stubborn'
  }
  const faults = Array.from({ length: random.between(0, 5) }, () => planFault(random))
  return {
    seed,
    dynos,
    tempers,
    deploys: planDeploys(random),
    faults,
    withReplica: faults.some(({ kind }) => kind === 'failover'),
  }
}

function planDeploys(random: Random): PlannedDeploy[] {
  const first = random.between(4_000, 30_000)
  const times = [first]
  // A second one at the same time, or after the first.
  if (random.chance(0.5)) times.push(first + random.between(0, random.chance(0.5) ? 8_000 : 80_000))
  return times.map((atMs) => ({
    atMs,
    fate: {
      buildMs: random.between(2_000, 45_000),
      ending: random.chance(0.6)
        ? 'released'
        : random.pick(['build-failed', 'release-failed', 'released, and no dyno restarts'] as const),
    },
    onDrainTimeout: random.pick(['fail', 'fail', 'force', 'force', 'deploy'] as const),
    drainTimeoutMs: random.between(5_000, 40_000),
    ...(random.chance(0.12) && { cancelledAfterMs: random.between(1_000, 40_000) }),
    post: random.chance(0.4),
  }))
}

function planFault(random: Random): PlannedFault {
  // What is about to happen is hit by chance only rarely.
  const after = random.chance(0.5) ? random.pick(MOMENTS) : undefined
  return {
    kind: random.pick(FAULTS),
    ...(after && { after }),
    atMs: after ? random.pick([0, 0, 300, 1_000, 4_000, 12_000]) : random.between(0, TROUBLE_MS),
    // Some are over in a moment, some outlive a lease.
    lastsMs: random.chance(0.25) ? random.between(40_000, 200_000) : random.between(500, 30_000),
    target: random.next(),
    force: random.next(),
  }
}
