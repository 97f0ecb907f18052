import { DeployError } from '../outcome.ts'
import type { Collaborators } from './collaborators.ts'
import { follow } from './follow.ts'
import type { PlatformApi, Release } from './platform-api.ts'
import { type Making, release } from './release.ts'
import { createReleaseReader, short } from './releases.ts'
import type { Prepared } from './target.ts'

/** How many builds are looked through for the slug of a commit. */
const BUILDS_LOOKED_AT = 200

/**
 * The slug that was built from `commit`: the one that runs, that of its newest release, or of a build that was never released.
 * @throws DeployError `preflight-failed` when there is none
 */
export async function slugOf(
  commit: string,
  api: PlatformApi,
  { releases }: { readonly releases: readonly Release[] },
  signal: AbortSignal,
): Promise<string> {
  const reader = createReleaseReader(api)
  const current = releases.filter((one) => one.current)
  for (const one of [...current, ...releases]) {
    if (one.slugId && (await reader.runs(one, commit, signal))) return one.slugId
  }
  const builds = await api.builds(BUILDS_LOOKED_AT, signal)
  const built = builds.find((build) => build.commit === commit && build.slugId !== undefined)
  if (built?.slugId) return built.slugId
  throw new DeployError(
    'preflight-failed',
    `${api.appName} has no slug of ${short(commit)} that could be released: it was never built, or that is too long ago.`,
    'Deploy it with `strategy: git-push`, or name a release whose slug is meant, such as `slug: v41` ' +
      `(\`heroku releases --app ${api.appName}\` lists them).`,
  )
}

/** A deploy of the slug that `target` names. */
export function rerelease(
  target: Omit<Prepared, 'publish' | 'verify'>,
  slugId: string,
  collaborators: Collaborators,
): Prepared {
  const { app, api, commit, newestVersion, currentRelease } = target
  const what = commit === '' ? `slug ${short(slugId)}` : short(commit)
  const description = `Deploy ${what}`
  let made: string | undefined
  return {
    ...target,
    async publish(signal) {
      const making: Making = {
        description,
        newestVersion,
        // Config vars that somebody sets make a release of the same slug, too.
        isOurs: (one) => one.slugId === slugId && one.description === description,
        make: () => api.makeRelease(slugId, description, signal),
      }
      made = await release(api, making, { ...collaborators, signal })
    },
    verify: (signal) =>
      follow(
        {
          ...{ app, api, what },
          deed: `The request to release ${what}`,
          ...(currentRelease && { currentRelease }),
          find: async (releases) => releases.find(({ id }) => id === made),
        },
        { ...collaborators, signal },
      ),
  }
}
