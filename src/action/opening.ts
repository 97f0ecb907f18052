import { AppRedis } from '../deploy/app-redis.ts'
import type { DeployPlan } from '../deploy/plan.ts'
import { type Heroku, openHeroku } from '../heroku/heroku.ts'
import { createFetch } from '../heroku/http.ts'
import type { Log } from '../log.ts'
import { systemTime, type Time } from '../time.ts'
import { actionsLog } from './actions-log.ts'
import { maskSecret } from './secrets.ts'

/** What a plan is carried out with. */
export interface Opening {
  readonly heroku: Heroku
  readonly redis: AppRedis
  readonly log: Log
  readonly time: Time
  /** what HTTP goes out through */
  readonly fetch: typeof globalThis.fetch
  mask(secret: string): void
}

/**
 * Asks nobody for anything.
 * @param signal ends what Heroku is asked for without a signal of its own
 * @param begun the connection to Redis, if that has begun
 */
export function open(plan: DeployPlan, signal: AbortSignal, begun?: AppRedis): Opening {
  const { env } = process
  const around = { log: actionsLog, time: systemTime, fetch: createFetch(env), mask: maskSecret }
  const heroku = openHeroku(plan, { ...around, signal, env })
  const redis = begun ?? new AppRedis(plan, { ...around, configVar: heroku.configVar })
  return { heroku, redis, ...around }
}
