import type { AppRedis } from '../deploy/app-redis.ts'
import { deploy } from '../deploy/deploy.ts'
import type { DeployPlan } from '../deploy/plan.ts'
import type { DeployReport } from '../deploy/report.ts'
import { loadClient } from '../deploy/server.ts'
import { group } from './actions-log.ts'
import { open } from './opening.ts'
import { rememberHold } from './state.ts'

/** Deploys. A module of its own: nobody who has to correct an input waits for all that a deploy needs. */
export function carryOut(plan: DeployPlan, cancel: AbortSignal, redis?: AppRedis): Promise<DeployReport> {
  const done = deploy(plan, { ...open(plan, cancel, redis), group, cancel, remember: rememberHold })
  // While Heroku is asked, nothing else is to be done here. What goes wrong with it is told where it is needed.
  loadClient().catch(() => {})
  return done
}
