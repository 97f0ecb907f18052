import { type Expected, expected } from '../expected.ts'
import type { DeployPlan } from '../plan.ts'
import type { Story } from '../story.ts'
import type { BegunSurroundings, Target } from '../surroundings.ts'
import { quietByDyno } from './by-dyno.ts'
import { quietByReleasePhase } from './by-release-phase.ts'
import { quietByRunner } from './by-runner.ts'
import { quietOutOfSight } from './out-of-sight.ts'
import { type Quiet, unasked } from './quiet.ts'

/**
 * Brings the app's processes to rest, in the way that the plan says.
 * @throws DeployError when that can't be had; whoever was asked goes back to work
 */
export async function quieten(
  plan: DeployPlan,
  around: BegunSurroundings,
  story: Story,
  signal: AbortSignal,
  target: Target,
): Promise<Quiet> {
  if (plan.skipDrain) {
    story.log.warning(
      'skip-drain: true: deploying at once. Jobs that run now get SIGTERM, and SIGKILL 30 s later.',
    )
    return unasked('deployed without a drain')
  }
  const who = expected(plan.processes, target.formation, target.dynos)
  for (const note of who.notes) story.log.info(note)
  if (!anybody(plan, who)) return unasked('deployed without a drain, since there was nobody to drain')
  const inReleasePhase = plan.drainAt === 'release-phase'
  if (plan.drainFrom === 'dyno' && inReleasePhase) return quietOutOfSight(plan, around, story, signal)
  const quiet = plan.drainFrom === 'dyno' ? quietByDyno : inReleasePhase ? quietByReleasePhase : quietByRunner
  return await quiet(plan, around, story, signal, target, who)
}

/** A list holds a request for each who is expected; a gate also asks those whom nobody expects. */
function anybody({ list }: DeployPlan, { asked }: Expected): boolean {
  return list === undefined ? asked.length > 0 : asked.some(({ atLeast }) => atLeast > 0)
}
