import { DeployError } from '../outcome.ts'
import { ApiError } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import type { PlatformApi, Promotion } from './platform-api.ts'
import { lookFor, type Sought } from './release.ts'

const POLL_MS = 2_000

/**
 * Promotes, and waits until the promotion has made its release. An answer that is lost does not mean that there is none.
 * @param name what is promoted, for a person: `v12 of shop-staging`
 * @returns the id of that release; `undefined` when Heroku doesn't tell, and then it is still to be looked for
 * @throws DeployError `promotion-failed` when there is none, or that can't be found out
 */
export async function promote(
  api: PlatformApi,
  promotion: Promotion,
  name: string,
  sought: Sought,
  collaborators: Collaborators,
): Promise<string | undefined> {
  const { log, signal } = collaborators
  let id: string
  try {
    log.info(`Promoting ${name} to ${api.appName}`)
    id = await api.promote(promotion, signal)
  } catch (error) {
    const failure = notPromoted(error)
    if (!(error instanceof ApiError && error.unknown)) throw failure
    const made = await lookFor(api, error, sought, collaborators)
    if (made === undefined) throw failure
    return made.id
  }
  try {
    return await targetRelease(api, id, promotion.targetAppId, name, collaborators)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ApiError)) throw error
    log.warning(`${error.message} The promotion is under way, and its release is looked for`)
    return undefined
  }
}

/** Waits for the release of a promotion that Heroku has begun. @throws DeployError `promotion-failed`; ApiError when nobody tells */
async function targetRelease(
  api: PlatformApi,
  id: string,
  targetAppId: string,
  name: string,
  { time, signal }: Collaborators,
): Promise<string | undefined> {
  for (;;) {
    const target = (await api.promotionTargets(id, signal)).find(({ appId }) => appId === targetAppId)
    if (target?.releaseId !== undefined) return target.releaseId
    if (target?.status === 'failed') {
      throw new DeployError(
        'promotion-failed',
        `Heroku could not promote ${name} to ${api.appName}${target.error ? `: "${target.error}"` : '.'}`,
        `Nothing was released: what ran before still runs. \`heroku releases --app ${api.appName}\` shows what is there.`,
      )
    }
    if (target?.status === 'succeeded') return undefined
    await time.sleep(POLL_MS, signal)
  }
}

/** Of a fault of the API, what it means for the promotion; anything else, such as the signal's reason, as it is. */
export function notPromoted(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error
  return new DeployError('promotion-failed', error.message, error.next, { cause: error })
}
