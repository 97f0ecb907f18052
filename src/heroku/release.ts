import { formatDuration } from '../duration.ts'
import { DeployError } from '../outcome.ts'
import { ApiError } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import type { PlatformApi, Release } from './platform-api.ts'
import { RELEASES_LOOKED_AT, versionName } from './releases.ts'

const LOOK_AGAIN_MS = 2_000
/** A release that was made although its answer was lost shows at once; the API itself may be away for a while. */
const SETTLES_WITHIN_MS = 60_000

/** A release that was to be made, and how it is known among others. */
export interface Sought {
  /** the number of the newest release before it */
  readonly newestVersion: number
  /** whether a release that is newer than `newestVersion` is the one that was to be made */
  isOurs(release: Release): boolean | Promise<boolean>
}

/** A release that is to be made through the API. */
export interface Making extends Sought {
  /** what it is, as a person reads it in the list of releases */
  readonly description: string
  make(): Promise<Release>
}

/**
 * Makes a release, and finds out whether it was made when the answer is lost: it must not be made twice.
 * @returns its id
 * @throws DeployError `push-failed` when it was not made, or that can't be found out
 */
export async function release(
  api: PlatformApi,
  making: Making,
  collaborators: Collaborators,
): Promise<string> {
  const { log, signal } = collaborators
  try {
    const made = await making.make()
    log.info(`${versionName(made.version)} of ${api.appName} is made: ${making.description}`)
    return made.id
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ApiError)) throw error
    const made = error.unknown ? await lookFor(api, error, making, collaborators) : undefined
    if (made !== undefined) return made.id
    throw new DeployError('push-failed', error.message, error.next, { cause: error })
  }
}

/**
 * Looks whether a release is there of which no answer tells whether it was made.
 * @param lost the call that had no answer
 * @returns it; `undefined` when there is no sign of it for a minute, or nobody tells
 * @throws the signal's reason
 */
export async function lookFor(
  api: PlatformApi,
  lost: ApiError,
  { newestVersion, isOurs }: Sought,
  { log, time, signal }: Collaborators,
): Promise<Release | undefined> {
  log.warning(`${lost.message} Looking whether it is there`)
  const began = time.now()
  for (;;) {
    try {
      // The oldest: config vars that are set right after it make another one of the same slug.
      for (const one of (await api.releases(RELEASES_LOOKED_AT, signal)).toReversed()) {
        if (one.version <= newestVersion || !(await isOurs(one))) continue
        log.info(`${versionName(one.version)} of ${api.appName} is there: ${one.description}`)
        return one
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      log.warning(error.message)
      if (!error.passing) return undefined
    }
    if (time.now() - began >= SETTLES_WITHIN_MS) {
      log.warning(`No sign of it after ${formatDuration(time.now() - began)}`)
      return undefined
    }
    await time.sleep(LOOK_AGAIN_MS, signal)
  }
}
