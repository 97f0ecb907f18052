import { type Expected, expected } from '../expected.ts'
import type { DeployPlan } from '../plan.ts'
import type { Story } from '../story.ts'
import type { Surroundings, Target } from '../surroundings.ts'
import { quietByRunner } from './by-runner.ts'
import { type Quiet, unasked } from './quiet.ts'

/**
 * Brings the app's processes to rest, in the way that the plan says.
 * @throws DeployError when that can't be had; whoever was asked goes back to work
 */
export async function quieten(
  plan: DeployPlan,
  around: Surroundings,
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
  // Nobody loads a way but the plan's, and the usual one.
  if (plan.drainFrom === 'dyno' && inReleasePhase) {
    const { quietOutOfSight } = await import('./out-of-sight.ts')
    return await quietOutOfSight(plan, around, story, signal)
  }
  if (plan.drainFrom === 'dyno') {
    const { quietByDyno } = await import('./by-dyno.ts')
    return await quietByDyno(plan, around, story, signal, target, who)
  }
  if (inReleasePhase) {
    const { quietByReleasePhase } = await import('./by-release-phase.ts')
    return await quietByReleasePhase(plan, around, story, signal, target, who)
  }
  return await quietByRunner(plan, around, story, signal, target, who)
}

/** A list holds a request for each who is expected; a gate also asks those whom nobody expects. */
function anybody({ list }: DeployPlan, { asked }: Expected): boolean {
  return list === undefined ? asked.length > 0 : asked.some(({ atLeast }) => atLeast > 0)
}
