import { endHold } from '../deploy/end-hold.ts'
import { actionsLog } from './actions-log.ts'
import { endOnCrash } from './crash.ts'
import { open } from './opening.ts'
import { recallHold } from './state.ts'

/** The runner waits for this step before it lets go of a cancelled job: it must be quick. */
const LIMIT_MS = 4_500

endOnCrash()
try {
  // Only what this job's own main step acquired and did not end by itself: every other hold belongs to somebody else.
  const held = recallHold()
  if (held !== undefined) {
    const signal = AbortSignal.timeout(LIMIT_MS)
    const { plan, heroku, ...around } = open(signal)
    await endHold(plan, held, { ...around, signal, configVar: heroku.configVar })
  }
} catch (error) {
  actionsLog.warning(`the drain of this job could not be ended: ${(error as Error).message}`)
}
