import type { Collaborators } from '../collaborators.ts'
import { follow } from '../follow.ts'
import type { HerokuPlan } from '../plan.ts'
import type { PlatformApi } from '../platform-api.ts'
import { preflight } from '../preflight.ts'
import { type Pushable, push } from '../push.ts'
import { createReleaseReader, findRelease, short } from '../releases.ts'
import { rerelease } from '../rerelease.ts'
import type { Prepared } from '../target.ts'

/** A commit that is pushed, and built and released by Heroku. @throws as `preflight` */
export async function prepareGitPush(
  plan: HerokuPlan,
  api: PlatformApi,
  collaborators: Collaborators,
): Promise<Prepared> {
  const target = await preflight(plan, api, collaborators)
  if (target.slug !== undefined) return rerelease(target, target.slug, collaborators)
  let printed = false
  return {
    ...target,
    async publish(signal) {
      printed = await push(target, { ...collaborators, signal })
    },
    verify: (signal) => followPush(target, printed, { ...collaborators, signal }),
  }
}

/**
 * Waits until the release of a push has succeeded: git's exit code is not a release. See `follow`.
 * @param printed whether git has shown the release phase
 */
export function followPush(
  target: Pick<Pushable, 'app' | 'api' | 'commit' | 'newestVersion'> & { readonly currentRelease?: string },
  printed: boolean,
  collaborators: Collaborators,
): Promise<string> {
  const { app, api, commit, newestVersion, currentRelease } = target
  const reader = createReleaseReader(api)
  return follow(
    {
      ...{ app, api, printed },
      what: short(commit),
      deed: `The push of ${short(commit)}`,
      ...(currentRelease && { currentRelease }),
      find: (releases, signal) => findRelease(reader, releases, { commit, newerThan: newestVersion }, signal),
      remedy:
        'Then push a new commit with the fix, or, if the cause lay outside the code, run this job again with `up-to-date: rerelease`: it releases ' +
        `what was built once more, under the gate. (\`heroku releases:retry --app ${app}\` does so without a drain; the job as it is pushes ` +
        'nothing, since Heroku has the commit.)',
    },
    collaborators,
  )
}
