import { DeployError } from '../outcome.ts'
import type { Collaborators } from './collaborators.ts'
import { follow } from './follow.ts'
import { release } from './release.ts'
import { RELEASES_LOOKED_AT } from './releases.ts'
import type { Standing } from './target.ts'

/**
 * Goes back to the release that was current in `before`, which is a release of its own: its code, and its config vars. Resolves with the
 * version of that, once it runs.
 * @throws DeployError when there is nothing to go back to, or Heroku can't
 */
export async function rollBack(before: Standing, collaborators: Collaborators): Promise<string> {
  const { app, api, currentRelease, currentReleaseId } = before
  if (currentRelease === undefined || currentReleaseId === undefined) {
    throw new DeployError(
      'failed',
      `${app} ran no release before, so there is nothing to go back to.`,
      `Look at what runs now: \`heroku ps --app ${app}\`.`,
    )
  }
  const { signal } = collaborators
  const [newest] = await api.releases(RELEASES_LOOKED_AT, signal)
  const made = await release(
    api,
    `Rollback to ${currentRelease}`,
    {
      newestVersion: newest?.version ?? 0,
      isOurs: ({ description }) => description === `Rollback to ${currentRelease}`,
      make: () => api.rollBack(currentReleaseId, signal),
    },
    collaborators,
  )
  return await follow(
    {
      ...{ app, api },
      what: `the rollback to ${currentRelease}`,
      deed: `The rollback to ${currentRelease}`,
      remedy: `If its cause has passed, \`heroku releases:retry --app ${app}\` runs it again; otherwise only a commit that mends the app helps.`,
      find: async (releases) => releases.find(({ id }) => id === made),
    },
    collaborators,
  )
}
