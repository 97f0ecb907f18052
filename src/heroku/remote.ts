import { DeployError } from '../outcome.ts'
import { backedOff } from './backed-off.ts'
import type { Collaborators } from './collaborators.ts'
import type { Git, GitResult } from './git.ts'
import { adviceFor, troubleOf } from './git-trouble.ts'
import { short } from './releases.ts'
import { TimeLimitError, withinLimit } from './time-limit.ts'

const LS_REMOTE_LIMIT_MS = 60_000

/** Heroku's git does not let the token in. */
export class NotLetInError extends DeployError {}

/** The branches that Heroku deploys when they are pushed to (https://devcenter.heroku.com/articles/git#deploy-your-code). */
export type Branch = 'main' | 'master'

/**
 * The commit at the head of `branch` at Heroku; `undefined` when nothing was ever pushed to it.
 * @throws DeployError `preflight-failed` when Heroku's git refuses or can't be reached, with what to do about it
 */
export async function remoteHead(
  git: Git,
  app: string,
  branch: string,
  around: Pick<Collaborators, 'time' | 'signal'>,
): Promise<string | undefined> {
  return headsIn(await listed(git, app, [branch], around), git, app).get(branch)
}

/**
 * The commits at the heads of main and master at Heroku, without those to which nothing was ever pushed: one request. It is made again,
 * up to three times, when Heroku has had too many.
 * @throws DeployError `preflight-failed` when Heroku's git refuses (a NotLetInError) or can't be reached, with what to do about it
 */
export async function remoteHeads(
  git: Git,
  app: string,
  around: Pick<Collaborators, 'log' | 'time' | 'signal' | 'random'>,
): Promise<ReadonlyMap<Branch, string>> {
  const branches = ['main', 'master'] as const
  const answer = await backedOff(
    () => listed(git, app, branches, around),
    {
      app,
      what: 'asking',
      again: 3,
      tooMany: ({ code, stderr }) => code !== 0 && troubleOf(stderr) === 'too-many-requests',
    },
    around,
  )
  const heads = headsIn(answer, git, app)
  return new Map(
    branches.flatMap((branch) => {
      const head = heads.get(branch)
      return head ? [[branch, head] as const] : []
    }),
  )
}

/**
 * The branch to push to. Left to itself, it is the one that the app has been deployed from.
 *
 * Heroku deploys what is pushed to main or master, and nothing else (https://devcenter.heroku.com/articles/git#deploy-your-code,
 * main since https://devcenter.heroku.com/changelog-items/1829). For the change from master to main its support has the
 * repository emptied by `heroku repo:reset` before the first push to main
 * (https://help.heroku.com/O0EXQZTA/how-do-i-switch-branches-from-master-to-main, done in
 * https://github.com/simonw/simonwillisonblog/issues/133): the old branch stays otherwise. What becomes of a push to main
 * without that is written nowhere. So an app that has only master goes on with it; one that has both has changed over, since
 * main is the newer one.
 */
export function chooseBranch(heads: ReadonlyMap<Branch, string>, wanted: 'auto' | Branch): Branch {
  if (wanted !== 'auto') return wanted
  return !heads.has('main') && heads.has('master') ? 'master' : 'main'
}

/** What the log should say about the choice; `undefined` when it is the only one there is. */
export function noteOnBranch(
  app: string,
  heads: ReadonlyMap<Branch, string>,
  wanted: 'auto' | Branch,
): string | undefined {
  const chosen = chooseBranch(heads, wanted)
  const other = chosen === 'main' ? 'master' : 'main'
  const otherHead = heads.get(other)
  if (otherHead === undefined) return undefined
  if (wanted === 'auto') {
    return (
      `Heroku has both main and master of ${app} (master at ${short(otherHead)}): pushing to main. ` +
      'Set `branch` if it is deployed from master.'
    )
  }
  if (heads.has(chosen)) return undefined
  return (
    `Heroku has only ${other} of ${app} (at ${short(otherHead)}): this is the first push to ${chosen}. ${other} stays there until ` +
    `\`heroku repo:reset --app ${app}\` (plugin heroku-repo) empties Heroku's repository.`
  )
}

/** Git's answer, whatever it is. */
async function listed(
  git: Git,
  app: string,
  branches: readonly string[],
  { time, signal }: Pick<Collaborators, 'time' | 'signal'>,
): Promise<GitResult> {
  const names = branches.map((branch) => `refs/heads/${branch}`)
  try {
    return await withinLimit(LS_REMOTE_LIMIT_MS, { time, signal }, (limit) =>
      git.heroku(['ls-remote', '--end-of-options', git.remoteUrl, ...names], limit),
    )
  } catch (error) {
    if (!(error instanceof TimeLimitError)) throw error
    const { next } = adviceFor('network', app, git.remoteUrl)
    throw new DeployError('preflight-failed', `${git.remoteUrl} gave no answer within 60 s.`, next)
  }
}

/** By the name of the branch. ls-remote matches by the end of a name: `refs/heads/x/refs/heads/main` may be listed too. */
function headsIn(answer: GitResult, git: Git, app: string): ReadonlyMap<string, string> {
  if (answer.code === 0) {
    return new Map(
      answer.stdout.flatMap((line) => {
        const [, commit, branch] = /^([0-9a-f]{40,64})\trefs\/heads\/([^/]+)$/.exec(line) ?? []
        return commit && branch ? [[branch, commit]] : []
      }),
    )
  }
  const trouble = troubleOf(answer.stderr)
  const { message, next } = adviceFor(trouble, app, git.remoteUrl)
  const said = answer.stderr.findLast((line) => /^(fatal|error|remote):/.test(line))
  const Fault = trouble === 'credentials' || trouble === 'forbidden' ? NotLetInError : DeployError
  throw new Fault('preflight-failed', said ? `${message} Git says: "${said}"` : message, next)
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
