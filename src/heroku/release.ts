import { DeployError } from '../outcome.ts'
import { ApiError } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import type { PlatformApi, Release } from './platform-api.ts'
import { RELEASES_LOOKED_AT, versionName } from './releases.ts'

const LOOK_AGAIN_MS = 2_000
/** A release that was made although its answer was lost shows at once; the API itself may be away for a while. */
const SETTLES_WITHIN_MS = 60_000

/** A release that is to be made through the API. */
export interface Making {
  /** the number of the newest release before it */
  readonly newestVersion: number
  make(description: string): Promise<Release>
  /** whether a release that is newer than `newestVersion` is the one that was to be made */
  isOurs(release: Release): boolean
}

/**
 * Makes a release, and finds out whether it was made when the answer is lost: it must not be made twice.
 * @returns its id
 * @throws DeployError `push-failed` when it was not made, or that can't be found out
 */
export async function release(
  api: PlatformApi,
  description: string,
  making: Making,
  { log, time, signal }: Collaborators,
): Promise<string> {
  try {
    const made = await making.make(description)
    log.info(`${versionName(made.version)} of ${api.appName} is made: ${description}`)
    return made.id
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ApiError)) throw error
    if (!error.unknown) throw new DeployError('push-failed', error.message, error.next, { cause: error })
    log.warning(`${error.message} Looking whether it is there`)
    const began = time.now()
    for (;;) {
      const releases = await api.releases(RELEASES_LOOKED_AT, signal).catch((trouble: unknown) => {
        if (trouble instanceof ApiError && trouble.passing) return []
        throw trouble
      })
      const ours = releases.find((one) => one.version > making.newestVersion && making.isOurs(one))
      if (ours) return ours.id
      if (time.now() - began >= SETTLES_WITHIN_MS)
        throw new DeployError('push-failed', error.message, error.next, { cause: error })
      await time.sleep(LOOK_AGAIN_MS, signal)
    }
  }
}
