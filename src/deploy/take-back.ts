import { DeployError, type Outcome } from '../outcome.ts'
import { expected } from './expected.ts'
import type { DeployPlan } from './plan.ts'
import { type Quiet, unasked } from './quiet/quiet.ts'
import { quieten } from './quiet/quieten.ts'
import type { Story } from './story.ts'
import type { Surroundings, Target } from './surroundings.ts'

/** What shows that a release does not work: reasons to take it back. */
const REASONS: readonly Outcome[] = ['dynos-not-up', 'clock-not-seen', 'health-check-failed']

/**
 * Goes back to the release before, once, if the plan says so and `failure` is a reason. The new release's clock may be in the middle of a
 * job by now, so it is asked to drain as well; but nobody who refuses or is silent keeps a broken release running.
 * @returns the error with which the deploy ends: `failure`, with what became of the app
 */
export async function takeBack(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
  target: Target,
  failure: unknown,
): Promise<unknown> {
  if (!(failure instanceof DeployError) || !REASONS.includes(failure.outcome) || signal.aborted)
    return failure
  const { currentRelease } = target
  if (!plan.rollbackOnFailure)
    return currentRelease === undefined ? failure : byHand(failure, plan, currentRelease)
  const { group } = around
  story.log.warning(`${failure.message} Going back to ${currentRelease ?? 'what ran before'}`)
  story.goingBackTo = currentRelease ?? 'what ran before'
  try {
    await using quiet = await restOf(plan, around, story, signal, target)
    const back = await group(`Rollback to ${currentRelease}`, () =>
      story.span('rollback', 'heroku', () => quiet.during(() => target.rollBack(signal))),
    )
    story.rollback = back
    await quiet.released()
    await seeAtWork(plan, around, story, signal, { quiet, release: back })
    return told(
      failure,
      `It was taken back: ${plan.app} runs what ${currentRelease} was, as ${back}.`,
      `Mend it, and deploy again. ${failure.next}`,
    )
  } catch (error) {
    if (signal.aborted) return signal.reason
    const { message, next } =
      error instanceof DeployError ? error : { message: String((error as Error).message ?? error), next: '' }
    return told(
      failure,
      `Going back to ${currentRelease ?? 'what ran before'} failed as well: ${message}`,
      `${currentRelease ? `Go back by hand: \`heroku rollback ${currentRelease} --app ${plan.app}\`. ` : ''}${next} ${failure.next}`,
    )
  }
}

async function restOf(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
  { currentRelease: _, ...target }: Target,
): Promise<Quiet> {
  // Of whom there was nobody before, the new release has nobody either.
  const before = plan.skipDrain ? [] : expected(plan.processes, target.formation, target.dynos).asked
  if (before.length === 0) return unasked('')
  const asked = before.map((process) => ({ ...process, atLeast: 0, demanded: false }))
  const lenient: DeployPlan = {
    ...{ ...plan, processes: asked, drainAt: 'before-push' },
    onDrainTimeout: 'deploy',
    onMissingClock: 'deploy',
  }
  const { formation: __, dynos: ___, ...rest } = target
  const replaced = { ...rest, ...(story.release !== undefined && { currentRelease: story.release }) }
  story.log.info(
    'What runs by now drains first, as under on-drain-timeout: deploy: nobody keeps a broken release running',
  )
  try {
    return await quieten(lenient, around, story, signal, replaced)
  } catch (error) {
    signal.throwIfAborted()
    story.log.warning(`${(error as Error).message} Going back without a drain`)
    return unasked('')
  }
}

/** What is not at work again is said, and changes nothing: there is nothing else to go back to. */
async function seeAtWork(
  { waitForDynosMs, waitForClockMs }: DeployPlan,
  { heroku }: Surroundings,
  story: Story,
  signal: AbortSignal,
  { quiet, release }: { readonly quiet: Quiet; readonly release: string },
): Promise<void> {
  const warn = (error: unknown) => {
    signal.throwIfAborted()
    story.log.warning((error as Error).message)
  }
  if (waitForDynosMs > 0) await heroku.dynosUp(release, waitForDynosMs, signal).catch(warn)
  if (waitForClockMs === 0) return
  const seen = await quiet.successor(waitForClockMs, release, signal).catch(warn)
  if (seen === undefined || seen.length === 0) return
  story.log.info(`${seen.join(', ')} of ${release} ${seen.length === 1 ? 'is' : 'are'} scheduling`)
}

function byHand(failure: DeployError, { app }: DeployPlan, currentRelease: string): DeployError {
  const how = `\`heroku rollback ${currentRelease} --app ${app}\` goes back to what ran before; rollback-on-failure: true does so by itself.`
  return told(failure, '', `${failure.next} ${how}`)
}

function told(failure: DeployError, aftermath: string, next: string): DeployError {
  const outcome = failure.outcome as ConstructorParameters<typeof DeployError>[0]
  return new DeployError(outcome, `${failure.message} ${aftermath}`.trimEnd(), next, { cause: failure })
}
