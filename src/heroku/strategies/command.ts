import { formatDuration } from '../../duration.ts'
import { DeployError } from '../../outcome.ts'
import { commandProblem, runCommand } from '../../process/command.ts'
import { ApiError } from '../api-error.ts'
import { assertFolder } from '../checkout.ts'
import type { Collaborators } from '../collaborators.ts'
import { maskOf } from '../credentials.ts'
import { follow } from '../follow.ts'
import type { HerokuPlan, Strategy } from '../plan.ts'
import type { PlatformApi } from '../platform-api.ts'
import { RELEASES_LOOKED_AT } from '../releases.ts'
import { readStanding } from '../standing.ts'
import type { Prepared } from '../target.ts'

const LOOK_AGAIN_MS = 2_000
/** A release that a command has made is there when it ends; the API may lag. */
const SHOWS_WITHIN_MS = 10_000
/** How long the API may be silent, beyond its own retries. */
const SILENT_MS = 5 * 60_000

/**
 * Checks that the user's program can be started. What it will release, only it knows.
 * @throws DeployError `preflight-failed`
 */
export async function prepareCommand(
  plan: HerokuPlan,
  { program, args }: Extract<Strategy, { kind: 'command' }>,
  api: PlatformApi,
  collaborators: Collaborators,
): Promise<Prepared> {
  const { log, time } = collaborators
  await assertFolder(plan.directory)
  const place = { program, cwd: plan.directory, env: environmentOf(collaborators.env, plan) }
  const problem = await commandProblem(place)
  if (problem !== undefined) {
    throw new DeployError(
      'preflight-failed',
      `The deploy command can't be run: ${problem.problem}.`,
      'Correct `command` (a program on the PATH of the runner, or a path from the checkout) or `command-file`, or install the program in a step before this one.',
    )
  }
  const { releases: _, ...standing } = await readStanding(api, collaborators)
  const { app, newestVersion, currentRelease } = standing
  const mask = maskOf(plan.apiKey)
  return {
    ...standing,
    what: `${program} decides what is released`,
    commit: '',
    upToDate: false,
    async publish(signal) {
      const onLine = (line: string) => log.info(mask(line))
      log.info(`Running ${program}`)
      const {
        code,
        signal: by,
        problem: why,
      } = await runCommand({ ...place, args, onLine }, { time, signal })
      if (code === 0) return
      const how = why ?? (by ? `${program} was ended by ${by}` : `${program} ended with ${code}`)
      throw new DeployError(
        'command-failed',
        `The deploy command failed: ${how}.`,
        `Read its lines in the log of this step. \`heroku releases --app ${app}\` tells whether it has released anything all the same.`,
      )
    },
    async verify(signal) {
      if (!(await madeRelease(signal))) return undefined
      return await follow(
        {
          ...{ app, api, what: program },
          deed: program,
          ...(currentRelease && { currentRelease }),
          find: async ([newest]) => (newest && newest.version > newestVersion ? newest : undefined),
        },
        { ...collaborators, signal },
      )
    },
  }

  /** @throws DeployError `failed` when that can't be found out */
  async function madeRelease(signal: AbortSignal): Promise<boolean> {
    const began = time.now()
    for (;;) {
      try {
        const [newest] = await api.releases(RELEASES_LOOKED_AT, signal)
        if (newest && newest.version > newestVersion) return true
        if (time.now() - began >= SHOWS_WITHIN_MS) break
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        if (!error.passing || time.now() - began >= SILENT_MS) throw unseen(error)
        log.warning(`${error.message} A release of ${program} is still looked for`)
      }
      await time.sleep(LOOK_AGAIN_MS, signal)
    }
    log.warning(
      `${program} ended well, and ${app} has no new release ${formatDuration(SHOWS_WITHIN_MS)} later: nothing seems to have changed`,
    )
    return false
  }

  function unseen(cause: ApiError): DeployError {
    return new DeployError(
      'failed',
      `${program} ended well, but whether ${app} has a new release can't be found out: ${cause.message}`,
      `Look at \`heroku releases --app ${app}\`: the app may run it already. ${cause.next}`,
      { cause },
    )
  }
}

/** What the runner has for actions alone, among it tokens of GitHub's own: what a step with `run:` has not, a command has no use for. */
const FOR_ACTIONS = /^(INPUT_|STATE_|GITHUB_STATE$|ACTIONS_(RUNTIME|RESULTS|CACHE)_)/i

/** The job's own, with the token and the app under the names that Heroku's own tools read. */
function environmentOf(env: NodeJS.ProcessEnv, { apiKey, app }: HerokuPlan): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !FOR_ACTIONS.test(entry[0]),
  )
  return { ...Object.fromEntries(kept), HEROKU_APP: app, HEROKU_API_KEY: apiKey }
}
