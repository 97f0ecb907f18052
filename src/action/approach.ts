import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppRedis } from '../deploy/app-redis.ts'
import type { DeployPlan } from '../deploy/plan.ts'
import { systemTime } from '../time.ts'
import { maskSecret } from './secrets.ts'

/**
 * Begins to connect to the Redis that `plan` has the URL of. A module of its own: what else a deploy needs takes longer to load than this does
 * to be on its way.
 */
export async function approach(plan: DeployPlan, signal: AbortSignal): Promise<AppRedis> {
  const configVar = () => Promise.reject(new Error('the URL of Redis is given'))
  const redis = new AppRedis(plan, { time: systemTime, mask: maskSecret, configVar })
  redis.begin(signal)
  // Whoever loads next keeps the process from everything else.
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  return redis
}
