import { formatDuration } from '../duration.ts'
import { DeployError } from '../outcome.ts'
import type { Release } from './api-answers.ts'
import { ApiError } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import type { PlatformApi } from './platform-api.ts'
import { streamOutput } from './release-output.ts'
import { RELEASES_LOOKED_AT, versionName } from './releases.ts'

/** A release that is to come, and how it is told of. */
export interface Awaited {
  readonly app: string
  readonly api: PlatformApi
  /** what it is a release of, for a person: `1a2b3c4d` */
  readonly what: string
  /** what has been done for it, for a person: `The push of 1a2b3c4d` */
  readonly deed: string
  readonly currentRelease?: string
  /** the release among those that Heroku has, newest first; `undefined` while it is not there */
  find(releases: readonly Release[], signal: AbortSignal): Promise<Release | undefined>
  /** Heroku has printed its release phase already */
  readonly printed?: boolean
  /** what to do about a failed one, besides reading its output, where that is something else than usual; whole sentences */
  readonly remedy?: string
}

const POLL_MS = 2_000
/** When a release phase has ended, its last lines are on their way. */
const LAST_LINES_MS = 5_000
/** A push makes its release before it returns; its becoming current may lag. */
const APPEARS_WITHIN_MS = 2 * 60_000
/** How long the API may be silent while a release is waited for, beyond its own retries. */
const SILENT_MS = 5 * 60_000

/**
 * Waits until a release has succeeded and is current, and shows what its release phase prints. That may take an hour; how long is
 * waited is up to the signal, with whose reason it rejects. Resolves with its version, `v43`.
 * @throws DeployError `release-failed` when the release failed, never came or was replaced; `failed` when that can't be found out
 */
export async function follow(target: Awaited, collaborators: Collaborators): Promise<string> {
  const { log, time, signal } = collaborators
  const began = time.now()
  let seen: { status: string; sinceMs: number } | undefined
  let answeredAt = began
  await using output = new Output(target, collaborators)
  for (;;) {
    try {
      const releases = await target.api.releases(RELEASES_LOOKED_AT, signal)
      const release = await target.find(releases, signal)
      answeredAt = time.now()
      if (release && !target.printed) output.show(release)
      if (release && release.status !== seen?.status) {
        seen = { status: release.status, sinceMs: time.now() }
        log.info(`Release ${versionName(release.version)} of ${target.what}: ${release.status}`)
      }
      if (release?.status === 'failed') throw releaseFailed(release, target)
      if (release?.status === 'succeeded' && isInForce(release, releases, target, log)) {
        return versionName(release.version)
      }
      const waitingSince = release?.status === 'pending' ? time.now() : (seen?.sinceMs ?? began)
      if (time.now() - waitingSince >= APPEARS_WITHIN_MS) throw neverCame(release, target)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (!error.passing || time.now() - answeredAt >= SILENT_MS) throw unverified(error, target)
      log.warning(`${error.message} The release is still waited for`)
    }
    await time.sleep(POLL_MS, signal)
  }
}

/** What a release phase prints, shown while its release is followed. Leaving the scope waits a moment for its last lines. */
class Output implements AsyncDisposable {
  readonly #app: string
  readonly #collaborators: Collaborators
  readonly #enough = new AbortController()
  #shown: Promise<void> | undefined

  constructor({ app }: Awaited, collaborators: Collaborators) {
    this.#app = app
    this.#collaborators = collaborators
  }

  show({ outputStreamUrl, version }: Release): void {
    if (outputStreamUrl === undefined || this.#shown !== undefined) return
    const { signal, log, hide = (line) => line, ...around } = this.#collaborators
    const command = `heroku releases:output ${versionName(version)} --app ${this.#app}`
    const until = AbortSignal.any([signal, this.#enough.signal])
    const needs = { ...around, log, hide, command, signal: until }
    this.#shown = streamOutput(outputStreamUrl, needs, (line) => log.info(`release: ${line}`)).catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#shown === undefined) return
    const { time, signal } = this.#collaborators
    const over = new AbortController()
    const limit = time.sleep(LAST_LINES_MS, AbortSignal.any([signal, over.signal])).catch(() => {})
    await Promise.race([this.#shown, limit])
    over.abort()
    this.#enough.abort()
    await this.#shown
  }
}

/** A config change right after the deploy makes a newer release of the same slug, and then that one is current. */
function isInForce(
  release: Release,
  releases: readonly Release[],
  target: Awaited,
  log: Collaborators['log'],
): boolean {
  if (release.current) return true
  const newer = releases.find(({ current, version }) => current && version > release.version)
  if (!newer) return false
  if (newer.slugId !== release.slugId) throw replaced(release, newer, target)
  const [ours, theirs] = [versionName(release.version), versionName(newer.version)]
  log.warning(`${ours} succeeded, and ${theirs} (${newer.description}) is current by now`)
  return true
}

function replaced(release: Release, newer: Release, { app, what }: Awaited): DeployError {
  const [ours, theirs] = [versionName(release.version), versionName(newer.version)]
  return new DeployError(
    'release-failed',
    `Release ${ours} of ${what} succeeded, but ${app} runs ${theirs} (${newer.description}) by now, and that is of something else.`,
    `Somebody else has released meanwhile: see \`heroku releases --app ${app}\`. A \`concurrency\` group in the workflow keeps deploys from meeting.`,
  )
}

function releaseFailed(release: Release, { app, deed, currentRelease, remedy }: Awaited): DeployError {
  const version = versionName(release.version)
  const still = currentRelease
    ? `The release that was current before, ${currentRelease}, is still running.`
    : ''
  return new DeployError(
    'release-failed',
    `${deed} succeeded, but its release ${version} failed. ${still}`.trimEnd(),
    `See what the release phase printed: \`heroku releases:output ${version} --app ${app}\`. ` +
      (remedy ??
        `Then deploy a commit with the fix, or, if the cause lay outside the code, run this job again. (\`heroku releases:retry --app ${app}\` does so without a drain.)`),
  )
}

function neverCame(release: Release | undefined, { app, what, deed }: Awaited): DeployError {
  const waited = formatDuration(APPEARS_WITHIN_MS)
  return new DeployError(
    'release-failed',
    release
      ? `Release ${versionName(release.version)} of ${what} succeeded, but ${waited} later ${app} still runs another one.`
      : `${deed} went through, but ${app} had no release of it ${waited} later.`,
    `Look at \`heroku releases --app ${app}\` and at https://status.heroku.com.`,
  )
}

function unverified(error: ApiError, { app, deed }: Awaited): DeployError {
  return new DeployError(
    'failed',
    `${deed} went through, but whether ${app} runs it can't be found out: ${error.message}`,
    `Look at \`heroku releases --app ${app}\`: the app may run the new release already. ${error.next}`,
    { cause: error },
  )
}
