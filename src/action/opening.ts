import * as core from '@actions/core'
import type { DeployPlan } from '../deploy/plan.ts'
import { type Heroku, openHeroku } from '../heroku/heroku.ts'
import { createFetch } from '../heroku/http.ts'
import type { Log } from '../log.ts'
import { systemTime, type Time } from '../time.ts'
import { actionsLog } from './actions-log.ts'
import { readPlan, secretsOfPlan } from './inputs.ts'
import { maskSecret } from './secrets.ts'

/** What the main and the post step begin with: the plan, and what it is carried out with. */
export interface Opening {
  readonly plan: DeployPlan
  readonly heroku: Heroku
  readonly log: Log
  readonly time: Time
  /** what HTTP goes out through */
  readonly fetch: typeof globalThis.fetch
  mask(secret: string): void
}

/**
 * Reads the inputs and masks what is secret in them. Asks nobody for anything.
 * @param signal ends what Heroku is asked for without a signal of its own
 * @throws DeployError `preflight-failed` when the inputs are wrong
 */
export function open(signal: AbortSignal): Opening {
  const { env } = process
  const plan = readPlan({ getInput: (name) => core.getInput(name), env })
  for (const secret of secretsOfPlan(plan)) maskSecret(secret)
  const around = { log: actionsLog, time: systemTime, fetch: createFetch(env), mask: maskSecret }
  return { plan, heroku: openHeroku(plan, { ...around, signal, env }), ...around }
}
