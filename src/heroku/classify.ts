import { DeployError } from '../outcome.ts'
import type { GitResult } from './git.ts'
import { adviceFor, type Trouble, troubleOf } from './git-trouble.ts'
import { short } from './releases.ts'

/** What was pushed where. */
export interface Attempted {
  readonly app: string
  readonly branch: string
  readonly commit: string
  readonly remoteUrl: string
}

export type Verdict =
  | { readonly kind: 'pushed' }
  | { readonly kind: 'up-to-date' }
  /** `tooMany`: Heroku has had too many requests, and has certainly taken nothing of this one. */
  | { readonly kind: 'failed'; readonly error: DeployError; readonly tooMany?: true }
  /** The push may have arrived: Heroku must be asked. `reason` is one line of git's. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** Told by a server that has taken nothing yet: the request before the push was refused. */
const REFUSED_BEFORE: readonly Trouble[] = [
  'credentials',
  'forbidden',
  'no-such-app',
  'too-many-requests',
  'certificate',
]

/** Something had been sent when the connection broke. */
const BROKE_OFF = /RPC failed|hung up unexpectedly|unexpected disconnect|early EOF/i
/** The answer to the push itself, in place of anything that Heroku's git would say: it has not begun. */
const THROTTLED = /RPC failed; HTTP 429\b/
const BUILD_LINE = /^remote: +-{3,5}> /
const BUILT = /^remote: +-{3,5}> |failed to compile|Push rejected, |Build failed/i
const STILL_RUNS = 'Nothing was released: what ran before still runs.'

/**
 * Judges a `git push --porcelain`. The ref's own line decides (https://git-scm.com/docs/git-push#_output); prose only
 * chooses the advice, and tells a failed build from a refused push, for which git has one and the same line.
 */
export function classify(result: GitResult, attempted: Attempted): Verdict {
  const line = refLine(result.stdout, attempted.branch)
  const said = result.stderr.filter((text) => !text.startsWith('error: failed to push some refs'))
  if (line?.flag === '!') return rejected(line.summary, said, attempted)
  if (result.code === 0 && line?.flag === '=') return { kind: 'up-to-date' }
  if (result.code === 0 && line) return { kind: 'pushed' }
  const throttled = said.find((text) => THROTTLED.test(text))
  const begun = line !== undefined || said.some((text) => text.startsWith('remote:'))
  if (throttled && !begun) return tooMany(throttled, attempted)
  const reason = said.findLast((text) => /^(error|fatal):/.test(text)) ?? ended(result.code)
  if (line || said.some((text) => BROKE_OFF.test(text))) return { kind: 'unknown', reason }
  const trouble = troubleOf(said)
  const atFirst = said.some((text) => text.includes('unable to access'))
  if (!REFUSED_BEFORE.includes(trouble) && !atFirst) return { kind: 'unknown', reason }
  if (trouble === 'too-many-requests' && atFirst) return tooMany(reason, attempted)
  return refusedBefore(trouble, reason, attempted)
}

function refusedBefore(trouble: Trouble, reason: string, { app, remoteUrl }: Attempted) {
  const { message, next } = adviceFor(trouble, app, remoteUrl)
  return failed('push-failed', `${message} Nothing was pushed. Git says: "${reason}"`, next)
}

const tooMany = (reason: string, attempted: Attempted): Verdict => ({
  ...refusedBefore('too-many-requests', reason, attempted),
  tooMany: true,
})

const ended = (code: number | null) =>
  code === null
    ? 'git was ended from outside'
    : `git ended with exit code ${code} and without a word on the branch`

/** `<flag> TAB <from>:<to> TAB <summary>` of the branch that was pushed to. */
function refLine(lines: readonly string[], branch: string): { flag: string; summary: string } | undefined {
  for (const line of lines) {
    const [, flag, to, summary] = /^([ +*=!-])\t[^\t]*:([^\t:]*)\t(.*)$/.exec(line) ?? []
    if (flag && summary !== undefined && to === `refs/heads/${branch}`) return { flag, summary }
  }
  return undefined
}

function rejected(summary: string, said: readonly string[], attempted: Attempted): Verdict {
  const { app, branch, commit, remoteUrl } = attempted
  const push = `The push of ${short(commit)} to ${branch} of ${app}`
  if (summary.startsWith('[remote failure]')) return { kind: 'unknown', reason: summary }
  if (/stale info/.test(summary)) {
    return failed(
      'push-failed',
      `${push} was refused: somebody else has pushed since this deploy looked, and a forced push replaces only what it has seen.`,
      'See what is there now (`heroku releases`), and run the job again if it is still meant to be replaced. A `concurrency` ' +
        'group in the workflow keeps deploys from meeting.',
    )
  }
  if (/non-fast-forward|fetch first|needs force/.test(summary)) {
    return failed(
      'push-failed',
      `${push} was refused: Heroku has a commit there that this one doesn't build on. Somebody has pushed since this deploy looked.`,
      'Merge what is at Heroku, or set `force-push: true` if it is meant to be replaced. A `concurrency` group in the workflow ' +
        'keeps deploys from meeting.',
    )
  }
  if (/shallow/.test(summary)) {
    return failed(
      'push-failed',
      `${push} was refused: the checkout is a shallow clone.`,
      'Set `fetch-depth: 0` on `actions/checkout`.',
    )
  }
  const remark = remarkOf(said)
  const quote = remark ? ` Heroku says: "${remark}"` : ` Git says: "${summary}"`
  const trouble = troubleOf(said)
  // A build may run into limits of its own: it says `429 Too Many Requests` when a package registry does.
  const began = said.some((text) => BUILD_LINE.test(text))
  if (!began && (trouble === 'too-many-builds' || trouble === 'too-many-requests')) {
    const { message, next } = adviceFor(trouble, app, remoteUrl)
    const refused = failed('push-failed', `${message}${quote}`, next)
    return trouble === 'too-many-requests' ? { ...refused, tooMany: true } : refused
  }
  if (/hook declined/.test(summary) && said.some((text) => BUILT.test(text))) {
    return failed(
      'build-failed',
      `The build of ${short(commit)} for ${app} failed.${quote}`,
      `Read the build's lines in the log of this step, from the first error on, and push a commit that mends it. ${STILL_RUNS}`,
    )
  }
  if (/hook declined/.test(summary)) {
    return failed(
      'push-failed',
      `${push} was refused before a build began.${quote}`,
      `Read Heroku's lines in the log of this step; https://status.heroku.com tells whether Heroku has a problem. ${STILL_RUNS}`,
    )
  }
  return failed(
    'push-failed',
    `${push} was refused.${quote}`,
    `Another push may have been at work at the same time: look at \`heroku releases --app ${app}\` and run the job again. ${STILL_RUNS}`,
  )
}

/** Heroku's own conclusion: the last line that it marks with an exclamation mark and that says more than that it is over. */
function remarkOf(said: readonly string[]): string | undefined {
  const marked = said.flatMap((line) => /^remote: +!\s+(\S.*)/.exec(line)?.[1] ?? [])
  return (
    marked.findLast((remark) => !/^Push (rejected to \S+|failed)$/.test(remark.replace(/\.$/, ''))) ??
    marked.at(-1)
  )
}

function failed(
  outcome: 'push-failed' | 'build-failed',
  message: string,
  next: string,
): Verdict & { readonly kind: 'failed' } {
  return { kind: 'failed', error: new DeployError(outcome, message, next) }
}
