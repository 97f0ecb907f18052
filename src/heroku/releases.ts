import type { Release } from './api-answers.ts'
import { ApiError } from './api-error.ts'
import type { PlatformApi } from './platform-api.ts'

/** How many releases are looked through: more than come into being during one deploy. */
export const RELEASES_LOOKED_AT = 25

/** `v43` */
export const versionName = (version: number): string => `v${version}`

/** The first eight digits, as Heroku shows a commit. */
export const short = (commit: string): string => commit.slice(0, 8)

/** Tells whether a release runs a commit. Remembers answers: a slug's commit never changes. */
export interface ReleaseReader {
  /** `undefined` when Heroku doesn't tell what the release runs */
  runs(release: Release, commit: string, signal: AbortSignal): Promise<boolean | undefined>
  /** The full SHA that a slug was built from; `undefined` when Heroku doesn't tell, the slug is gone, or this token may not see it. */
  slugCommit(id: string, signal: AbortSignal): Promise<string | undefined>
}

export function createReleaseReader(api: PlatformApi): ReleaseReader {
  const slugs = new Map<string, string | undefined>()

  async function slugCommit(id: string, signal: AbortSignal): Promise<string | undefined> {
    if (slugs.has(id)) return slugs.get(id)
    try {
      const commit = await api.slugCommit(id, signal)
      slugs.set(id, commit)
      return commit
    } catch (error) {
      // A slug that is gone, or that this token may not see: the description is left.
      if (error instanceof ApiError && !error.passing && error.status !== 401) return undefined
      throw error
    }
  }

  /** A full or shortened SHA. */
  async function commitOf(release: Release, signal: AbortSignal): Promise<string | undefined> {
    const commit = release.slugId && (await slugCommit(release.slugId, signal))
    return commit || /^Deploy ([0-9a-f]{7,40})\b/.exec(release.description)?.[1]
  }

  return {
    slugCommit,
    async runs(release, commit, signal) {
      const found = await commitOf(release, signal)
      return found === undefined ? undefined : commit.startsWith(found) || found.startsWith(commit)
    },
  }
}

/**
 * The release that a push of `commit` made: the oldest one newer than `newerThan` that runs it. A change of config vars
 * right after the deploy makes another release of the same commit.
 */
export async function findRelease(
  reader: ReleaseReader,
  releases: readonly Release[],
  { commit, newerThan }: { readonly commit: string; readonly newerThan: number },
  signal: AbortSignal,
): Promise<Release | undefined> {
  const newer = releases.filter(({ version }) => version > newerThan)
  for (const release of newer.toReversed()) {
    if (await reader.runs(release, commit, signal)) return release
  }
  return undefined
}
