import type { Collaborators } from './collaborators.ts'
import { configVar } from './config-var.ts'
import { assertApiKey, secretsOf } from './credentials.ts'
import { createPlatformApi } from './platform-api.ts'
import { type HerokuPlan, preflight, type Target } from './preflight.ts'
import { push } from './push.ts'
import { verify } from './verify.ts'

/** One app at Heroku, as a deploy uses it. Every call ends with its signal's reason soon after that aborts. */
export interface Heroku {
  /** Can the push succeed? Changes nothing. See `preflight.ts`. */
  preflight(): Promise<Target>
  /** The value of one config var: possibly a secret. See `config-var.ts`. */
  configVar(name: string): Promise<string>
  /** See `push.ts`. */
  push(target: Target, signal: AbortSignal): Promise<void>
  /** The version of the release that the push made, `v43`, once it runs. See `verify.ts`. */
  verify(target: Target, signal: AbortSignal): Promise<string>
}

/**
 * Asks nobody anything yet.
 * @param collaborators `mask` gets every text that gives the API key away, before anything else happens; `signal` ends
 *   the calls that take none of their own
 * @throws DeployError `preflight-failed` when the API key can't be one
 */
export function openHeroku(
  plan: HerokuPlan,
  collaborators: Collaborators & { mask(secret: string): void },
): Heroku {
  for (const secret of secretsOf(plan.apiKey)) collaborators.mask(secret)
  assertApiKey(plan.apiKey)
  const api = createPlatformApi(plan, collaborators)
  return {
    preflight: () => preflight(plan, api, collaborators),
    configVar: (name) => configVar(api, name, collaborators.signal),
    push: (target, signal) => push(target, { ...collaborators, signal }),
    verify: (target, signal) => verify(target, { ...collaborators, signal }),
  }
}
