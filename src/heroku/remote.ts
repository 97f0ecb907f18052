import { DeployError } from '../outcome.ts'
import type { Collaborators } from './collaborators.ts'
import type { Git, GitResult } from './git.ts'
import { adviceFor, troubleOf } from './git-trouble.ts'
import { TimeLimitError, withinLimit } from './time-limit.ts'

const LS_REMOTE_LIMIT_MS = 60_000

/**
 * The commit at the head of `branch` at Heroku; `undefined` when nothing was ever pushed to it.
 * @throws DeployError `preflight-failed` when Heroku's git refuses or can't be reached, with what to do about it
 */
export async function remoteHead(
  git: Git,
  app: string,
  branch: string,
  { time, signal }: Pick<Collaborators, 'time' | 'signal'>,
): Promise<string | undefined> {
  const name = `refs/heads/${branch}`
  let answer: GitResult
  try {
    answer = await withinLimit(LS_REMOTE_LIMIT_MS, { time, signal }, (limit) =>
      git.heroku(['ls-remote', '--end-of-options', git.remoteUrl, name], limit),
    )
  } catch (error) {
    if (!(error instanceof TimeLimitError)) throw error
    const { next } = adviceFor('network', app, git.remoteUrl)
    throw new DeployError('preflight-failed', `${git.remoteUrl} gave no answer within 60 s.`, next)
  }
  if (answer.code === 0) {
    // ls-remote matches by the end of the name: `refs/heads/x/refs/heads/main` is listed too.
    const line = answer.stdout.find((entry) => entry.split('\t')[1] === name)
    return /^[0-9a-f]{40,64}(?=\t)/.exec(line ?? '')?.[0]
  }
  const { message, next } = adviceFor(troubleOf(answer.stderr), app, git.remoteUrl)
  const said = answer.stderr.findLast((line) => /^(fatal|error|remote):/.test(line))
  throw new DeployError('preflight-failed', said ? `${message} Git says: "${said}"` : message, next)
}

/** How a commit relates to what is at Heroku. */
export type Ancestry = 'fast-forward' | 'diverged' | 'unknown-head'

/**
 * Whether a push of `commit` over `head` needs no force. `unknown-head`: this checkout doesn't have the commit that Heroku
 * has, so the push can't be one.
 */
export async function ancestry(git: Git, head: string | undefined, commit: string): Promise<Ancestry> {
  if (head === undefined) return 'fast-forward'
  const known = await git.local('cat-file', '-e', `${head}^{commit}`)
  if (known.code !== 0) return 'unknown-head'
  const related = await git.local('merge-base', '--is-ancestor', head, commit)
  return related.code === 0 ? 'fast-forward' : 'diverged'
}
