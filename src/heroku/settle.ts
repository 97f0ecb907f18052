import { formatDuration } from '../duration.ts'
import { DeployError } from '../outcome.ts'
import type { Collaborators } from './collaborators.ts'
import type { Pushable } from './push.ts'
import {
  createReleaseReader,
  findRelease,
  RELEASES_LOOKED_AT,
  type ReleaseReader,
  short,
} from './releases.ts'
import { remoteHead } from './remote.ts'

const LOOK_AGAIN_MS = 5_000
/** How long a push that Heroku shows no sign of may still turn up. */
const NO_SIGN_MS = 60_000
/** Heroku ends a build after 15 minutes; what is pending longer than this is not going to tell. */
const BUILDING_MS = 20 * 60_000

/** `build`: Heroku is at work on it; `none`: no sign of it */
type Sign = 'arrived' | 'build' | 'built' | 'none'

/**
 * After a push of which git doesn't know the outcome: resolves when Heroku has the commit. A connection that drops during
 * the build makes git say "Everything up-to-date" and end with 1 while the deploy goes on.
 * @param reason git's own words
 * @throws DeployError `push-failed` when it did not arrive or that can't be found out, `build-failed` when its build failed
 */
export async function settle(target: Pushable, reason: string, collaborators: Collaborators): Promise<void> {
  const { log, time, signal } = collaborators
  const { app, commit } = target
  log.warning(`The push broke off (${reason}); asking Heroku what became of it`)
  const reader = createReleaseReader(target.api)
  const began = time.now()
  let limitMs = NO_SIGN_MS
  let first = true
  let building = false
  let trouble: DeployError | undefined
  for (;;) {
    const last = time.now() - began >= limitMs
    try {
      const sign = await lookFor(target, reader, first || last, collaborators)
      if (sign === 'arrived') {
        log.info(`${short(commit)} has arrived at Heroku all the same`)
        return
      }
      if (sign === 'build' && !building) {
        building = true
        limitMs = BUILDING_MS
        log.info(`Heroku is still building ${short(commit)}; waiting for it`)
      }
      if (sign === 'built' && building) {
        building = false
        limitMs = time.now() - began + NO_SIGN_MS
      }
      trouble = undefined
    } catch (error) {
      // The reason of the signal may be a DeployError too.
      signal.throwIfAborted()
      if (!(error instanceof DeployError) || error.outcome === 'build-failed') throw error
      trouble = error
    }
    if (last) break
    first = false
    await time.sleep(LOOK_AGAIN_MS, signal)
  }
  const waited = formatDuration(time.now() - began)
  const asked = trouble
    ? `and what became of it can't be found out: ${trouble.message}`
    : `and Heroku shows no sign of ${short(commit)} after ${waited}.`
  throw new DeployError(
    'push-failed',
    `The push to ${app} broke off (git says: "${reason}"), ${asked}`,
    `Look at \`heroku releases --app ${app}\` before you run the job again: a build may still be under way. If the commit has ` +
      'arrived by then, the next run says so and pushes nothing.',
    { cause: trouble },
  )
}

/** Heroku counts git requests (75 an hour), so git is asked only when its answer can be new. */
async function lookFor(
  target: Pushable,
  reader: ReleaseReader,
  askGit: boolean,
  collaborators: Collaborators,
): Promise<Sign> {
  const { api, app, branch, commit, git, newestVersion } = target
  const { signal } = collaborators
  const sign = await buildSign(target, signal)
  if (askGit || sign === 'built') {
    const head = await remoteHead(git, app, branch, collaborators)
    if (head === commit) return 'arrived'
  }
  const releases = await api.releases(RELEASES_LOOKED_AT, signal)
  const release = await findRelease(reader, releases, { commit, newerThan: newestVersion }, signal)
  return release ? 'arrived' : sign
}

async function buildSign(target: Pushable, signal: AbortSignal): Promise<Sign> {
  const { api, app, commit, newestBuild } = target
  if (newestBuild === undefined) return 'none'
  const build = await api.newestBuild(signal)
  if (!build || build.id === newestBuild.id) return 'none'
  if (build.commit !== undefined && build.commit !== commit) return 'none'
  if (build.status === 'pending') return 'build'
  if (build.status === 'succeeded') return 'built'
  throw new DeployError(
    'build-failed',
    `The connection to Heroku broke off during the push, and the build of ${short(commit)} for ${app} failed.`,
    `Heroku keeps the build's lines: see the Activity tab of ${app} in Heroku's dashboard. Push a commit that mends it. Nothing was ` +
      'released: what ran before still runs.',
  )
}
