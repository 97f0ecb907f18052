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
 * job by now, so it is asked to drain as well; but nobody who refuses or is silent keeps a broken release running. Another deploy does:
 * it is going to replace the release anyway.
 * @returns the error with which the deploy ends: `failure`, with what became of the app; the signal's reason when that aborts
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
  const { next } = failure
  if (currentRelease === undefined) {
    return plan.rollbackOnFailure
      ? told(failure, 'Nothing ran before, so there is nothing to go back to.', next)
      : failure
  }
  const byHand = `\`heroku rollback ${currentRelease} --app ${plan.app}\``
  if (!plan.rollbackOnFailure) {
    return told(
      failure,
      '',
      `${next} ${byHand} goes back to what ran before; rollback-on-failure: true does so by itself.`,
    )
  }
  story.log.warning(`${failure.message} Going back to ${currentRelease}`)
  story.goingBackTo = currentRelease
  try {
    const back = await goBack(plan, around, story, signal, target)
    const aftermath = `It was taken back: ${plan.app} runs what ${currentRelease} was, as ${back}.`
    return told(failure, aftermath, `Mend it, and deploy again. ${next}`)
  } catch (error) {
    if (signal.aborted) return signal.reason
    if (error instanceof DeployError && error.outcome === 'busy')
      return told(failure, `It was not taken back: ${error.message}`, `${error.next} ${next}`)
    const message = error instanceof Error ? error.message : String(error)
    const what = error instanceof DeployError ? `${error.next} ${next}` : next
    return told(
      failure,
      `Going back to ${currentRelease} failed as well: ${message}`,
      `Go back by hand: ${byHand}. ${what}`,
    )
  }
}

/** @returns the version of the release by which it went back */
async function goBack(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
  target: Target,
): Promise<string> {
  await using quiet = await restOf(plan, around, story, signal, target)
  const back = await around.group(`Rollback to ${target.currentRelease}`, () =>
    story.span('rollback', 'heroku', () => quiet.during(() => target.rollBack(signal))),
  )
  story.rollback = back
  await quiet.released()
  await seeAtWork(plan, around, story, signal, { quiet, release: back })
  return back
}

/** Brings the new release's processes to rest, as far as they let themselves be. @throws DeployError `busy` */
async function restOf(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
  { formation, dynos, currentRelease: _, ...target }: Target,
): Promise<Quiet> {
  // A rollback has a release phase, too: one that drains would find the gate busy with this deploy.
  if (plan.skipDrain || plan.drainAt === 'release-phase') return unasked('')
  // Of whom there was nobody before, the new release has nobody either.
  const before = expected(plan.processes, formation, dynos).asked
  if (before.length === 0) return unasked('')
  // A gate asks whoever is there. A list has to be told how many.
  const asked = before.map(({ type, atLeast }) => ({
    ...{ type, demanded: false },
    atLeast: plan.list === undefined ? 0 : atLeast,
  }))
  const lenient: DeployPlan = {
    ...{ ...plan, processes: asked },
    onDrainTimeout: 'deploy',
    onMissingClock: 'deploy',
  }
  story.log.info(
    'What runs by now drains first, as under on-drain-timeout: deploy: nobody keeps a broken release running',
  )
  const replaced = { ...target, ...(story.release !== undefined && { currentRelease: story.release }) }
  try {
    return await quieten(lenient, around, story, signal, replaced)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof DeployError && error.outcome === 'busy') throw error
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

/** `failure`, with what became of the app after it. */
function told(failure: DeployError, aftermath: string, next: string): DeployError {
  const outcome = failure.outcome as ConstructorParameters<typeof DeployError>[0]
  return new DeployError(outcome, `${failure.message} ${aftermath}`.trimEnd(), next.trimEnd(), {
    cause: failure,
  })
}
