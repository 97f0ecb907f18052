import { stat } from 'node:fs/promises'
import { DeployError } from '../outcome.ts'
import type { Collaborators } from './collaborators.ts'
import { assertGitVersion, type Git } from './git.ts'

const FETCH_DEPTH = `Fetch the whole history in the workflow:
      - uses: actions/checkout@v6
        with:
          fetch-depth: 0`

/**
 * Checks this machine's side of the push and finds the commit that `ref` names, as a full SHA.
 * Completes a shallow clone on the way, since Heroku takes no push from one.
 * @throws DeployError `preflight-failed`
 */
export async function resolveCommit(
  git: Git,
  plan: { readonly ref: string; readonly directory: string },
  { log, signal }: Pick<Collaborators, 'log' | 'signal'>,
): Promise<string> {
  await assertGitVersion(git)
  if (await isShallow(git, plan.directory)) await unshallow(git, log, signal)
  signal.throwIfAborted()
  // `--end-of-options`: a ref that begins with a dash is a wrong ref, not an option.
  const found = await git.local(
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${plan.ref}^{commit}`,
  )
  signal.throwIfAborted()
  const commit = found.stdout[0] ?? ''
  if (found.code === 0 && /^[0-9a-f]{40,64}$/.test(commit)) return commit
  throw new DeployError(
    'preflight-failed',
    `The input \`ref\` is ${JSON.stringify(plan.ref)}, and that names no commit in the checkout at ${plan.directory}.`,
    'Give a commit, branch or tag that the checkout step fetches, or leave `ref` out to deploy what is checked out. A branch ' +
      `other than the one that is checked out is called origin/<branch>. ${FETCH_DEPTH}`,
  )
}

/** @throws DeployError `preflight-failed` when there is no such folder */
export async function assertFolder(directory: string): Promise<void> {
  const folder = await stat(directory).catch(() => undefined)
  if (folder?.isDirectory()) return
  throw new DeployError(
    'preflight-failed',
    `The folder to deploy from, ${directory}, does not exist.`,
    'Run `actions/checkout` before this step.',
  )
}

async function isShallow(git: Git, directory: string): Promise<boolean> {
  const answer = await git.local('rev-parse', '--is-shallow-repository')
  if (answer.code === 0) return answer.stdout[0] === 'true'
  const said = answer.stderr.join(' ')
  if (said.includes('dubious ownership')) {
    throw new DeployError(
      'preflight-failed',
      `Git refuses to work in ${directory}, because the folder belongs to another user than the one who runs this step.`,
      'Trust the folder in a step before this one: `git config --global --add safe.directory "$GITHUB_WORKSPACE"`. It happens in ' +
        'jobs that run in a container, and on self-hosted runners.',
    )
  }
  if (said.includes('not a git repository')) {
    throw new DeployError(
      'preflight-failed',
      `${directory} is not in a git repository.`,
      'Run `actions/checkout` before this step. In a container without git, checkout downloads the files without their history: ' +
        'install git before it.',
    )
  }
  throw new DeployError(
    'preflight-failed',
    `Git can't read the repository in ${directory}: ${answer.stderr.at(-1) ?? `exit code ${answer.code}`}`,
    'Run `git status` in that folder to see what is wrong with it.',
  )
}

async function unshallow(git: Git, log: Collaborators['log'], signal: AbortSignal): Promise<void> {
  const { stdout: remotes } = await git.local('remote')
  const remote = remotes.includes('origin') ? 'origin' : remotes[0]
  if (remote === undefined) throw shallow('it has no remote to fetch the rest from')
  log.info(`The checkout is a shallow clone; fetching the rest of its history from ${remote}`)
  // HEAD alone: the server completes every commit at which the clone was cut off, whatever else is asked for.
  const options = ['--unshallow', '--no-tags', '--no-recurse-submodules', '--end-of-options', remote, 'HEAD']
  const done = await git.fetch(['fetch', ...options], signal)
  if (done.code !== 0) throw shallow(done.stderr.at(-1) ?? `git ended with exit code ${done.code}`)
}

function shallow(reason: string): DeployError {
  return new DeployError(
    'preflight-failed',
    `The checkout is a shallow clone, Heroku takes no push from one, and its history could not be completed: ${reason}`,
    FETCH_DEPTH,
  )
}
