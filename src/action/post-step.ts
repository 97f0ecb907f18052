import { actionsLog } from './actions-log.ts'
import { endOnCrash } from './crash.ts'
import { recallHold } from './state.ts'

/** The runner waits for this step before it lets go of a cancelled job: it must be quick. */
const LIMIT_MS = 4_500

/** Gives back what the main step could not. Never fails the job. */
export async function postStep(): Promise<void> {
  endOnCrash()
  try {
    // Only what this job's own main step acquired and did not end by itself: every other hold belongs to somebody else.
    const held = recallHold()
    if (held !== undefined) {
      const { giveBack } = await import('./work.ts')
      await giveBack(held, LIMIT_MS)
    }
  } catch (error) {
    actionsLog.warning(`the drain of this job could not be ended: ${(error as Error).message}`)
  }
}
