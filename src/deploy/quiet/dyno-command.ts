import { writeAnnouncement } from '../../gate/announcement.ts'
import type { Asker, DrainTerms } from '../../gate/terms.ts'
import { shellWord } from '../../shell-word.ts'
import type { DeployPlan } from '../plan.ts'
import { trust } from '../server.ts'
import type { DynoCommand } from '../surroundings.ts'

/** Beyond the deploy's own time: a dyno of which nobody takes care any more is ended. */
const OUTLIVES_SEC = 60
/** https://devcenter.heroku.com/articles/one-off-dynos#time-to-live: none lives longer. */
const LONGEST_LIFE_SEC = 86_400
/** A command line has an end. */
const MOST_EXPECTED = 20

/** Has everybody drain for the deploy `id`, attended: see `../attended.ts`. */
export function drainCommand(
  plan: DeployPlan,
  { id, asker, terms }: { readonly id: string; readonly asker: Asker; readonly terms: DrainTerms },
  replaces: string | undefined,
): DynoCommand {
  const expected = terms.expected?.slice(0, MOST_EXPECTED)
  const announced = writeAnnouncement({
    ...{ id, asker },
    terms: { ...terms, ...(expected && { expected }) },
  })
  const more = ['--attended', '--announced', announced, ...(replaces ? ['--replaces', replaces] : [])]
  return inDyno(plan, 'drain', more)
}

/** Ends the drain that is in force. */
export function resumeCommand(plan: DeployPlan): DynoCommand {
  return inDyno(plan, 'resume', [])
}

/**
 * A command of `deploy-gate` as a dyno's shell reads it: what comes from inputs means nothing to it. The URL of the Redis is what the
 * dyno has in its environment.
 */
function inDyno(plan: DeployPlan, name: string, options: readonly string[]): DynoCommand {
  const { configVar } = plan.redis
  const { verify, pins } = trust(plan, true)
  const words = [
    ...[name, '--gate-name', plan.gateName],
    ...(verify ? ['--verify-certificate'] : []),
    ...(pins ? ['--certificate-fingerprint', pins.join()] : []),
    ...options,
  ]
  const renamed = configVar === 'REDIS_URL' ? '' : `export REDIS_URL="\${${configVar}-}"; `
  return {
    command: `${renamed}exec deploy-gate ${words.map(shellWord).join(' ')}`,
    timeToLiveSec: Math.min(LONGEST_LIFE_SEC, Math.ceil(plan.deployTimeoutMs / 1_000) + OUTLIVES_SEC),
  }
}
