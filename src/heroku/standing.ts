import { together } from '../together.ts'
import { ApiError } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import type { PlatformApi, Release } from './platform-api.ts'
import { RELEASES_LOOKED_AT, versionName } from './releases.ts'
import type { Standing } from './target.ts'

/** The app as it stands, and its releases, newest first. */
export interface Read extends Standing {
  readonly releases: readonly Release[]
}

/** Reads how an app stands. @throws ApiError */
export async function readStanding(
  api: PlatformApi,
  { log, signal }: Pick<Collaborators, 'log' | 'signal'>,
): Promise<Read> {
  const [app, releases, formation, dynos] = await together(signal, [
    (linked) => api.app(linked),
    (linked) => api.releases(RELEASES_LOOKED_AT, linked),
    (linked) => ifAllowed(api.formation(linked)),
    (linked) => ifAllowed(api.dynos(linked)),
  ])
  if (formation === undefined || dynos === undefined) {
    log.info(
      `The token may not read the dynos of ${app.name}: who must take part is what \`processes\` says alone`,
    )
  }
  const current = releases.find((release) => release.current)
  return {
    app: app.name,
    appId: app.id,
    webUrl: app.webUrl ?? '',
    ...(current && { currentRelease: versionName(current.version), currentReleaseId: current.id }),
    ...(current?.slugId && { currentSlug: current.slugId }),
    newestVersion: releases[0]?.version ?? 0,
    ...(formation && { formation }),
    ...(dynos && { dynos }),
    api,
    releases,
  }
}

/** A deploy can do without. */
async function ifAllowed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
  }
}
