import { hostname, userInfo } from 'node:os'
import { askerOfJob } from '../deploy/github.ts'
import type { Asker } from '../gate/terms.ts'
import { processType } from '../participant/options.ts'

/**
 * Who asks, for the people whose deploy finds this one at work.
 * @param by what was given with `--by`; otherwise the job, the dyno or the person at this machine
 */
export function askerOf(by: string | undefined, env: NodeJS.ProcessEnv): Asker {
  const { name = person(env), ...job } = askerOfJob(env)
  const app = env.HEROKU_APP_NAME
  const commit = [dynoCommit(env), env.GITHUB_SHA].find(isCommit)
  return { name: by ?? name, ...job, ...(app && { app }), ...(commit && { commit }) }
}

/** The dyno of a release phase, by its name; `undefined` for any other place. */
export function releasePhase({ DYNO }: NodeJS.ProcessEnv): string | undefined {
  return DYNO && processType(DYNO) === 'release' ? DYNO : undefined
}

/** What the slug of this dyno was built from, where it knows that. */
export function dynoCommit(env: NodeJS.ProcessEnv): string | undefined {
  return [env.HEROKU_BUILD_COMMIT, env.HEROKU_SLUG_COMMIT].find(isCommit)
}

function isCommit(sha: string | undefined): boolean {
  return /^[0-9a-f]{40}$/.test(sha ?? '')
}

/** A dyno's user is a random one: its own name says more. */
function person(env: NodeJS.ProcessEnv): string {
  return env.DYNO || `${user(env)}@${hostname()}`
}

function user(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username
  } catch {
    // No entry for the user's number, as in a container.
    return env.USER || 'somebody'
  }
}
