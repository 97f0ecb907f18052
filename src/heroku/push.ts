import { backedOff } from './backed-off.ts'
import { classify } from './classify.ts'
import type { Collaborators } from './collaborators.ts'
import type { Git } from './git.ts'
import type { PlatformApi } from './platform-api.ts'
import { short } from './releases.ts'
import { settle } from './settle.ts'

/** A commit that can be pushed, as far as can be known beforehand. */
export interface Pushable {
  readonly app: string
  readonly branch: 'main' | 'master'
  /** full SHA */
  readonly commit: string
  /** what is at Heroku: full SHA; absent before the first deploy to this branch */
  readonly head?: string
  readonly forcePush: boolean
  /** the number of the newest release before the push, whatever became of it; 0 when there is none */
  readonly newestVersion: number
  /** the newest build before the push; absent when builds can't be read, `id` absent when there is none */
  readonly newestBuild?: { readonly id?: string }
  readonly git: Git
  readonly api: PlatformApi
}

/** Heroku's line before it prints what a release phase prints. */
const RELEASE_PHASE = /^remote: +Running release command\.{3}/

/**
 * Pushes the commit, shows Heroku's build line by line, and finds out what became of it, also when the connection breaks.
 * When the signal aborts, all processes of the push are ended before it rejects with the signal's reason; Heroku may go
 * on building what it has received.
 * Pushes again, at most twice, when Heroku has taken nothing because it has had too many requests.
 * Resolves when Heroku has built it; that is not a release yet. The value tells whether git has shown its release phase to the end.
 * @throws DeployError `push-failed` or `build-failed`
 */
export async function push(target: Pushable, collaborators: Collaborators): Promise<boolean> {
  const { app, branch, commit, head, forcePush, git } = target
  const { log, signal } = collaborators
  const name = `refs/heads/${branch}`
  let phase = false
  log.info(`Pushing ${short(commit)} to ${branch} of ${app}`)
  const attempt = async () => {
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
      (line) => {
        phase ||= RELEASE_PHASE.test(line)
        log.info(line)
      },
    )
    return classify(result, { app, branch, commit, remoteUrl: git.remoteUrl })
  }
  // Less often than where nobody waits: a clock is quiet meanwhile.
  const verdict = await backedOff(
    attempt,
    {
      app,
      what: 'pushing',
      again: 2,
      tooMany: (verdict) => verdict.kind === 'failed' && verdict.tooMany === true,
    },
    collaborators,
  )
  if (verdict.kind === 'failed') throw verdict.error
  if (verdict.kind === 'unknown') {
    await settle(target, verdict.reason, collaborators)
    return false
  }
  if (verdict.kind === 'up-to-date') log.warning(`Somebody else has pushed ${short(commit)} in the meantime`)
  return phase
}
