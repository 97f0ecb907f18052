import { DeployError } from '../outcome.ts'
import type { Collaborators } from './collaborators.ts'
import { follow } from './follow.ts'
import type { Release } from './platform-api.ts'
import { type Making, release } from './release.ts'
import { RELEASES_LOOKED_AT, versionName } from './releases.ts'
import type { Standing } from './target.ts'

/**
 * Goes back to the release that was current in `before`, which makes a release of its own: with the code of that, and its config vars.
 * Resolves with the version of the release so made, once it is current.
 * @param ours the release that is taken back, `v43`
 * @throws DeployError `busy` when somebody else has released something since; others when there is nothing to go back to, or Heroku can't
 */
export async function rollBack(
  before: Standing,
  ours: string | undefined,
  collaborators: Collaborators,
): Promise<string> {
  const { app, api, currentRelease, currentReleaseId } = before
  if (currentRelease === undefined || currentReleaseId === undefined) {
    throw new DeployError(
      'failed',
      `${app} ran no release before, so there is nothing to go back to.`,
      `Look at what runs now: \`heroku ps --app ${app}\`.`,
    )
  }
  const { log, signal } = collaborators
  const releases = await api.releases(RELEASES_LOOKED_AT, signal)
  const current = releases.find((one) => one.current)
  assertNobodyElse(app, releases, current, ours, log)
  const making: Making = {
    description: `Rollback to ${currentRelease}`,
    newestVersion: releases[0]?.version ?? 0,
    isOurs: ({ description }) => description === making.description,
    make: () => api.rollBack(currentReleaseId, signal),
  }
  const made = await release(api, making, collaborators)
  return await follow(
    {
      ...{ app, api },
      what: `the rollback to ${currentRelease}`,
      deed: `The request to go back to ${currentRelease}`,
      ...(current && { currentRelease: versionName(current.version) }),
      remedy: `If its cause has passed, \`heroku releases:retry --app ${app}\` runs it again; otherwise only a commit that mends the app helps.`,
      find: async (all) => all.find(({ id }) => id === made),
    },
    collaborators,
  )
}

/** A newer release of another slug is somebody else's deploy. One of the same slug has other config vars, which go back as well. */
function assertNobodyElse(
  app: string,
  releases: readonly Release[],
  current: Release | undefined,
  ours: string | undefined,
  log: Collaborators['log'],
): void {
  const taken = releases.find(({ version }) => versionName(version) === ours)
  if (taken === undefined || current === undefined || current.version <= taken.version) return
  const newer = `${versionName(current.version)} (${current.description})`
  if (current.slugId === taken.slugId) {
    log.warning(`${newer} has come after ${ours}: what it changed goes back as well`)
    return
  }
  throw new DeployError(
    'busy',
    `Somebody else has released ${newer} since, and that is left as it is.`,
    `Look at \`heroku releases --app ${app}\`.`,
  )
}
