import { formatDuration } from '../duration.ts'
import { DeployError } from '../outcome.ts'
import { type Build, plain } from './api-answers.ts'
import type { Collaborators } from './collaborators.ts'
import type { PlatformApi } from './platform-api.ts'
import { short } from './releases.ts'

const LOOK_AGAIN_MS = 5_000
const TELL_AGAIN_MS = 60_000
/** More than run at once: the newest are asked for, and failed ones lie between. */
export const BUILDS_LOOKED_AT = 10
/** Heroku ends a build after 15 minutes (https://devcenter.heroku.com/articles/slug-compiler#time-limit). */
const RUNS_AT_MOST_MS = 20 * 60_000

/**
 * The newest build that is under way; `undefined` when there is none. What is pending for longer than Heroku lets a build
 * run, or who knows how long, is not under way: nothing will ever end it.
 * @param now milliseconds since 1970
 */
export function runningBuild(builds: readonly Build[], now: number): Build | undefined {
  const running = builds.filter(
    ({ status, createdAt }) =>
      status === 'pending' && createdAt !== undefined && now - createdAt <= RUNS_AT_MOST_MS,
  )
  return running.sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0))[0]
}

/**
 * Waits until no build of the app is under way, that one or others that have begun since. What was read of the app before is out of date
 * then: its branches, its releases and its newest build have to be read again.
 * @param build what `runningBuild` has found
 * @param around `date` is the time of day in milliseconds since 1970, Node's own when absent
 * @throws ApiError when the builds can't be read; the signal's reason
 */
export async function awaitBuild(
  api: PlatformApi,
  build: Build,
  {
    log,
    time,
    signal,
    date = Date.now,
  }: Pick<Collaborators, 'log' | 'time' | 'signal'> & { readonly date?: () => number },
): Promise<void> {
  const began = time.now()
  const today = date()
  // The day's time may be set while it goes by; how much of it does is told by the other one.
  const now = () => today + (time.now() - began)
  let waited: Build | undefined
  let toldAt = began
  for (let running: Build | undefined = build; running; ) {
    if (running.id !== waited?.id) {
      log.info(`${underWay(api.appName, running, now())}: waiting for it`)
      toldAt = time.now()
    } else if (time.now() - toldAt >= TELL_AGAIN_MS) {
      log.info(`Heroku is still building ${nameOf(running)} for ${api.appName} (${ageOf(running, now())})`)
      toldAt = time.now()
    }
    waited = running
    await time.sleep(LOOK_AGAIN_MS, signal)
    running = runningBuild(await api.builds(BUILDS_LOOKED_AT, signal), now())
  }
  log.info(
    `Heroku builds nothing for ${api.appName} any more (waited for ${formatDuration(time.now() - began)})`,
  )
}

/**
 * What a deploy that is not to wait fails with.
 * @param now milliseconds since 1970
 */
export function runningBuildError(app: string, build: Build, now: number): DeployError {
  return new DeployError(
    'preflight-failed',
    `${underWay(app, build, now)}, and of two builds at a time the one that ends last is what runs.`,
    "Run the job again when it has ended (the app's Activity tab in Heroku's dashboard), or set `on-running-build: wait`. A " +
      '`concurrency` group in the workflow keeps deploys of one app from meeting.',
  )
}

const underWay = (app: string, build: Build, now: number) =>
  `Heroku is building ${nameOf(build)} for ${app} already (${ageOf(build, now)})`

/** A build from an archive has any text as its version. */
function nameOf({ id, commit }: Build): string {
  if (commit === undefined || commit.trim() === '') return `build ${plain(id, 40)}`
  return /^[0-9a-f]{40,64}$/.test(commit) ? short(commit) : plain(commit, 40)
}

const ageOf = ({ createdAt = 0 }: Build, now: number) => `began ${formatDuration(now - createdAt)} ago`
