import { DeployError } from '../outcome.ts'
import type { Git } from './git.ts'
import { short } from './releases.ts'

/**
 * Makes sure that a commit declares a release phase, which is to drain: without one the release would come over working processes.
 * What a heroku.yml says is not read: it may declare one.
 * @throws DeployError `preflight-failed`
 */
export async function assertReleasePhase(git: Git, commit: string): Promise<void> {
  const procfile = await git.local('show', `${commit}:Procfile`)
  if (procfile.code === 0 && procfile.stdout.some((line) => /^release:\s*\S/.test(line))) return
  if ((await git.local('cat-file', '-e', `${commit}:heroku.yml`)).code === 0) return
  throw new DeployError(
    'preflight-failed',
    procfile.code === 0
      ? `The Procfile of ${short(commit)} declares no release phase, and drain-at: release-phase has that do the drain.`
      : `${short(commit)} has no Procfile, and drain-at: release-phase has the release phase of one do the drain.`,
    'Add a line to it, such as `release: deploy-gate drain --hold 10m && python manage.py migrate`, or leave drain-at out to drain before the push.',
  )
}
