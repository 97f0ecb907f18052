import type { Log } from '../log.ts'
import { together } from '../together.ts'
import { ApiError } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import { configVar } from './config-var.ts'
import { assertApiKey, maskOf, secretsOf } from './credentials.ts'
import { dynosUp } from './dynos-up.ts'
import type { OneOffCommand, OneOffSession } from './one-off.ts'
import type { HerokuPlan } from './plan.ts'
import { type Build, createPlatformApi, type PlatformApi } from './platform-api.ts'
import { rollBack } from './roll-back.ts'
import { awaitBuild, BUILDS_LOOKED_AT, runningBuild, runningBuildError } from './running-build.ts'
import { prepareGitPush } from './strategies/git-push.ts'
import type { Prepared, Target } from './target.ts'

/** One app at Heroku, as a deploy uses it. Every call ends with its signal's reason soon after that aborts. */
export interface Heroku {
  /** Has what it says, and warns of, told to `log` from now on; until then to that of the collaborators. */
  tellTo(log: Log): void
  /** Can the deploy succeed? Changes nothing. See `strategies/`. */
  preflight(): Promise<Target>
  /** The value of one config var: possibly a secret. See `config-var.ts`. */
  configVar(name: string): Promise<string>
  /** Resolves when the dynos of `release` are up. See `dynos-up.ts`. */
  dynosUp(release: string, waitMs: number, signal: AbortSignal): Promise<void>
  /** Starts a command in a one-off dyno of what the app runs now. See `one-off.ts`. */
  inDyno(command: OneOffCommand, onLine: (line: string) => void, signal: AbortSignal): Promise<OneOffSession>
}

/**
 * Asks nobody anything yet.
 * @param collaborators `mask` gets every text that gives the API key away, before anything else happens; `signal` ends
 *   the calls that take none of their own
 * @throws DeployError `preflight-failed` when the API key can't be one
 */
export function openHeroku(
  plan: HerokuPlan,
  { mask, ...given }: Collaborators & { mask(secret: string): void },
): Heroku {
  for (const secret of secretsOf(plan.apiKey)) mask(secret)
  assertApiKey(plan.apiKey)
  let told = given.log
  const log: Log = { info: (line) => told.info(line), warning: (line) => told.warning(line) }
  const collaborators = { ...given, log, hide: maskOf(plan.apiKey) }
  const api = createPlatformApi(plan, collaborators)
  return {
    tellTo(to) {
      told = to
    },
    async preflight() {
      const prepared = await preparedBetweenBuilds(plan, api, collaborators)
      let ours: string | undefined
      return {
        ...prepared,
        async verify(signal) {
          ours = await prepared.verify(signal)
          return ours
        },
        rollBack: (signal) => rollBack(prepared, ours, { ...collaborators, signal }),
      }
    },
    configVar: (name) => configVar(api, name, collaborators.signal),
    dynosUp: (release, waitMs, signal) => dynosUp(api, release, waitMs, { ...collaborators, signal }),
    async inDyno(command, onLine, signal) {
      const { openInDyno } = await import('./one-off.ts')
      return await openInDyno(api, command, { ...collaborators, signal }, onLine)
    },
  }
}

/** Two builds at a time end in what the slower one has built, so a build that is under way is waited for, or refused. */
async function preparedBetweenBuilds(
  plan: HerokuPlan,
  api: PlatformApi,
  collaborators: Collaborators,
): Promise<Prepared> {
  const [running, prepared] = await together(collaborators.signal, [
    (linked) => buildUnderWay(api, linked),
    (linked) => prepare(plan, api, { ...collaborators, signal: linked }),
  ])
  if (running === undefined) return prepared
  if (plan.onRunningBuild === 'fail') throw runningBuildError(plan.app, running, Date.now())
  await awaitBuild(api, running, collaborators)
  // Whatever was read is out of date.
  return await prepare(plan, api, collaborators)
}

/** A token that may not see builds is no reason not to deploy. */
async function buildUnderWay(api: PlatformApi, signal: AbortSignal): Promise<Build | undefined> {
  try {
    return runningBuild(await api.builds(BUILDS_LOOKED_AT, signal), Date.now())
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
  }
}

/** Loads no strategy but the plan's, and the usual one. */
async function prepare(plan: HerokuPlan, api: PlatformApi, collaborators: Collaborators): Promise<Prepared> {
  const { strategy } = plan
  switch (strategy.kind) {
    case 'git-push':
      return await prepareGitPush(plan, api, collaborators)
    case 'promote': {
      const { preparePromotion } = await import('./strategies/promote.ts')
      return await preparePromotion(plan, strategy.from, api, collaborators)
    }
    case 'slug': {
      const { prepareSlug } = await import('./strategies/slug.ts')
      return await prepareSlug(plan, strategy.slug, api, collaborators)
    }
    case 'command': {
      const { prepareCommand } = await import('./strategies/command.ts')
      return await prepareCommand(plan, strategy, api, collaborators)
    }
  }
}
