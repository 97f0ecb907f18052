import { together } from '../together.ts'
import { checkHealth } from './health-check.ts'
import type { DeployPlan } from './plan.ts'
import type { Quiet } from './quiet/quiet.ts'
import type { Story } from './story.ts'
import type { Surroundings, Target } from './surroundings.ts'

/**
 * A release that succeeded is not yet an app that runs: waits until its dynos are up, its clock is at work, and it answers well.
 * @throws DeployError (`dynos-not-up`, `clock-not-seen`, `health-check-failed`), by what fails first; `failed` when that can't be found out
 */
export async function prove(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
  target: Target,
  { quiet, release }: { readonly quiet: Quiet; readonly release: string },
): Promise<void> {
  const { heroku, group } = around
  const { waitForDynosMs, waitForClockMs, healthCheck } = plan
  const dynos = (linked: AbortSignal) =>
    story.span('new dynos', 'heroku', () => heroku.dynosUp(release, waitForDynosMs, linked))
  const clock = (linked: AbortSignal) =>
    story.span('new clock', 'gate', async () => {
      const seen = await quiet.successor(waitForClockMs, release, linked)
      if (seen.length === 0) return
      const are = seen.length === 1 ? 'is' : 'are'
      story.log.info(`${seen.join(', ')} of the new release ${are} scheduling`)
    })
  const waits = [...(waitForDynosMs > 0 ? [dynos] : []), ...(waitForClockMs > 0 ? [clock] : [])]
  if (waits.length > 0) await group('New release', () => together(signal, waits))
  if (healthCheck === undefined) return
  const needs = { ...around, log: story.log, signal }
  await group('Health check', () =>
    story.span('health check', 'heroku', () => checkHealth(healthCheck, target.webUrl, release, needs)),
  )
}
