import { delimiter, isAbsolute, join } from 'node:path'
import { DeployError } from '../outcome.ts'
import { executability, pathOf } from '../process/executable.ts'
import { type Environment, runGroup } from '../process/process-group.ts'
import type { Collaborators } from './collaborators.ts'
import { maskOf } from './credentials.ts'
import { herokuEnvironment, localEnvironment } from './git-environment.ts'

/** What a git command printed and how it ended; `code` is null when a signal ended it. Secrets are masked. */
export interface GitResult {
  readonly code: number | null
  /** standard output, line by line, the last `KEPT_LINES` of them */
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
}

/** What a git command printed to the byte; its errors, line by line. */
export interface RawResult {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: readonly string[]
}

/** What git works on beside its arguments. */
export interface Plumbed {
  readonly input?: string | Uint8Array
  /** beside git's own environment */
  readonly env?: Environment
}

/** Git in one folder, never through a shell. The API key stays inside. */
export interface Git {
  /** `https://git.heroku.com/shop.git`: holds no secret */
  readonly remoteUrl: string
  /** Git that stays on this machine and is done in a moment. */
  local(...args: readonly string[]): Promise<GitResult>
  /** Git that stays on this machine, with an input of its own, and any output. */
  plumbing(args: readonly string[], signal: AbortSignal, work?: Plumbed): Promise<RawResult>
  /** Git that talks to the checkout's own remote, with the checkout's own credentials. */
  fetch(args: readonly string[], signal: AbortSignal): Promise<GitResult>
  /** Git that talks to Heroku. `onLine` gets every line as it comes. */
  heroku(args: readonly string[], signal: AbortSignal, onLine?: (line: string) => void): Promise<GitResult>
}

/** A build prints thousands of lines; what decides and what explains stands at the end. */
const KEPT_LINES = 200
/** What is done in a moment is not stopped. */
const UNSTOPPED = new AbortController().signal
/** The first with configuration by `GIT_CONFIG_COUNT`: before it, the token would have to go into argv or a file. */
const OLDEST = [2, 31] as const

/**
 * Git in `directory`, for the app's repository at Heroku.
 * @throws DeployError `preflight-failed` when there is no git
 */
export async function createGit(
  place: {
    readonly app: string
    readonly apiKey: string
    readonly gitUrl: string
    readonly directory: string
  },
  collaborators: Pick<Collaborators, 'env' | 'time'>,
): Promise<Git> {
  const { env, time } = collaborators
  const program = await findGit(env)
  const remoteUrl = `${place.gitUrl.replace(/\/+$/, '')}/${place.app}.git`
  const local = localEnvironment(env)
  const withToken = herokuEnvironment(env, remoteUrl, place.apiKey)
  const mask = maskOf(place.apiKey)

  async function stoppable(
    environment: Environment,
    args: readonly string[],
    signal: AbortSignal,
    show: (line: string) => void = () => {},
  ): Promise<GitResult> {
    const kept = { stdout: [] as string[], stderr: [] as string[] }
    const onLine = (line: string, stream: 'stdout' | 'stderr') => {
      const masked = mask(line)
      if (kept[stream].push(masked) > KEPT_LINES) kept[stream].shift()
      show(masked)
    }
    const command = { program, args, cwd: place.directory, env: environment, onLine }
    const { code } = await runGroup(command, { time, signal })
    return { code, ...kept }
  }

  return {
    remoteUrl,
    local: (...args) => stoppable(local, args, UNSTOPPED),
    async plumbing(args, signal, { input, env: own } = {}) {
      const pieces: Buffer[] = []
      const stderr: string[] = []
      const command = {
        program,
        args,
        cwd: place.directory,
        env: { ...local, ...own },
        ...(input !== undefined && { input }),
        onBytes: (piece: Buffer) => void pieces.push(piece),
        onLine: (line: string) => void stderr.push(line),
      }
      const { code } = await runGroup(command, { time, signal })
      return { code, stdout: Buffer.concat(pieces), stderr: stderr.slice(-KEPT_LINES) }
    },
    fetch: (args, signal) => stoppable(local, args, signal),
    heroku: (args, signal, onLine) => stoppable(withToken, args, signal, onLine),
  }
}

/**
 * Git's full path, looked up here: Windows would prefer a git.exe that lies in the checkout.
 * @throws DeployError `preflight-failed` when there is none
 */
async function findGit(env: NodeJS.ProcessEnv): Promise<string> {
  const name = process.platform === 'win32' ? 'git.exe' : 'git'
  for (const folder of pathOf(env).split(delimiter)) {
    if (!isAbsolute(folder)) continue
    const candidate = join(folder, name)
    if ((await executability(candidate)) === 'runs') return candidate
  }
  throw new DeployError(
    'preflight-failed',
    'There is no git on the PATH of this runner, and the deploy is a git push.',
    'Install git 2.31 or newer before this step. A job that runs in a container needs it in the image, ' +
      'for example by `apt-get update && apt-get install -y git`.',
  )
}

/** @throws DeployError `preflight-failed` when git is older than 2.31 */
export async function assertGitVersion(git: Git): Promise<void> {
  const { stdout } = await git.local('--version')
  const [, major, minor] = /^git version (\d+)\.(\d+)/.exec(stdout[0] ?? '') ?? []
  const [oldestMajor, oldestMinor] = OLDEST
  if (Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor)) return
  throw new DeployError(
    'preflight-failed',
    `This runner's git is too old: ${stdout[0] ?? 'it does not tell its version'}.`,
    'Install git 2.31 or newer: it is the first that takes the token without writing it into a file or a command line.',
  )
}
