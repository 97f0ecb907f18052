import * as core from '@actions/core'
import { endHold } from '../deploy/end-hold.ts'
import { openHeroku } from '../heroku/heroku.ts'
import { systemTime } from '../time.ts'
import { actionsLog, maskSecret } from './actions-log.ts'
import { readPlan, secretsOfPlan } from './inputs.ts'
import { recallHold } from './state.ts'

/** The runner waits for this step before it lets go of a cancelled job: it must be quick. */
const LIMIT_MS = 4_500

// Only what this job's own main step acquired and did not end by itself: every other hold belongs to somebody else.
const held = recallHold()
if (held !== undefined) {
  try {
    const plan = readPlan({ getInput: (name) => core.getInput(name), env: process.env })
    for (const secret of secretsOfPlan(plan)) maskSecret(secret)
    const signal = AbortSignal.timeout(LIMIT_MS)
    const heroku = openHeroku(plan, {
      log: actionsLog,
      time: systemTime,
      signal,
      env: process.env,
      mask: maskSecret,
    })
    await endHold(plan, held, {
      log: actionsLog,
      time: systemTime,
      signal,
      configVar: heroku.configVar,
      mask: maskSecret,
    })
  } catch (error) {
    actionsLog.warning(
      `the drain of this job could not be ended (${(error as Error).message}); held participants resume by themselves when its lease runs out: 1 minute while draining, 3 during a push`,
    )
  }
}
