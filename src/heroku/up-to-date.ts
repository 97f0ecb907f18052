import { DeployError } from '../outcome.ts'
import type { Release } from './api-answers.ts'
import type { PlatformApi } from './platform-api.ts'
import { createReleaseReader, short, versionName } from './releases.ts'

/**
 * Called when Heroku's git already has the commit: makes sure that the app runs it too. After a failed release phase or a
 * rollback git would say "Everything up-to-date", push nothing, and the app would go on running something else.
 * @throws DeployError `release-failed` or `preflight-failed` when the app runs another commit
 */
export async function assertRunning(
  api: PlatformApi,
  releases: readonly Release[],
  commit: string,
  signal: AbortSignal,
): Promise<void> {
  const reader = createReleaseReader(api)
  const current = releases.find((release) => release.current)
  const running = current && (await reader.runs(current, commit, signal))
  if (running) return
  const app = api.appName
  const has = `Heroku's git already has ${short(commit)}, so there is nothing to push, but ${app} does not run it`
  const instead = current ? `${versionName(current.version)} is still what runs` : 'no release is current'
  for (const release of releases) {
    // An older release says something only if the current one is known to be of another commit.
    if (running === undefined && release.version <= (current?.version ?? 0)) break
    if (!(await reader.runs(release, commit, signal))) continue
    const version = versionName(release.version)
    if (release.status === 'failed') {
      throw new DeployError(
        'release-failed',
        `${has}: its release ${version} failed; ${instead}.`,
        `See why with \`heroku releases:output ${version} --app ${app}\`. Then either push a new commit with the fix, or, if the ` +
          'cause lay outside the code, run this job again with `up-to-date: rerelease`: it releases what was built once more, under the ' +
          `gate. (\`heroku releases:retry --app ${app}\` does so without a drain.)`,
      )
    }
    if (release.status === 'pending') {
      throw new DeployError(
        'preflight-failed',
        `${has} yet: its release ${version} is still in its release phase; ${instead}.`,
        `Another deploy is at it. Follow it with \`heroku releases:output ${version} --app ${app}\`, and run this job again when it ` +
          'has ended. A `concurrency` group in the workflow keeps deploys from meeting.',
      )
    }
    break
  }
  // What runs can't be told (a container image, an app without a current release): git's word is all there is.
  if (running === undefined) return
  throw new DeployError(
    'preflight-failed',
    `${has}: ${instead}, and it is another commit (${current?.description || 'no description'}).`,
    `Probably the app was rolled back after that commit was deployed. \`heroku releases --app ${app}\` lists the releases: to ` +
      `release ${short(commit)} again, run this job with \`up-to-date: rerelease\`, which drains the clock before; ` +
      `\`heroku rollback <version> --app ${app}\` goes back to it without. Or push a new commit (\`git commit --allow-empty\` makes one ` +
      'without a change).',
  )
}
