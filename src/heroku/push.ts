import { classify } from './classify.ts'
import type { Collaborators } from './collaborators.ts'
import type { Target } from './preflight.ts'
import { short } from './releases.ts'
import { settle } from './settle.ts'

/**
 * Pushes the commit, shows Heroku's build line by line, and finds out what became of it, also when the connection breaks.
 * When the signal aborts, all processes of the push are ended before it rejects with the signal's reason; Heroku may go
 * on building what it has received.
 * Resolves when Heroku has built it; that is not a release yet: see `verify`.
 * @throws DeployError `push-failed` or `build-failed`
 */
export async function push(target: Target, collaborators: Collaborators): Promise<void> {
  const { app, branch, commit, head, forcePush, git } = target
  const { log, signal } = collaborators
  const name = `refs/heads/${branch}`
  log.info(`Pushing ${short(commit)} to ${branch} of ${app}`)
  const result = await git.heroku(
    [
      'push',
      '--porcelain',
      // Settings of the checkout or the machine that are not meant for a deploy.
      ...['--no-verify', '--no-signed', '--no-follow-tags', '--recurse-submodules=no'],
      ...(forcePush ? [`--force-with-lease=${name}:${head ?? ''}`] : []),
      git.remoteUrl,
      `${commit}:${name}`,
    ],
    signal,
    (line) => log.info(line),
  )
  const verdict = classify(result, { app, branch, commit, remoteUrl: git.remoteUrl })
  if (verdict.kind === 'failed') throw verdict.error
  if (verdict.kind === 'unknown') await settle(target, verdict.reason, collaborators)
  if (verdict.kind === 'up-to-date') log.warning(`Somebody else has pushed ${short(commit)} in the meantime`)
}
