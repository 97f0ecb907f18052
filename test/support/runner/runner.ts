import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { container } from '../../../src/process/container.ts'
import { inputVariable, readAction } from './action.ts'
import { run, type StepResult, within } from './run.ts'

export type { StepResult } from './run.ts'
export { type Annotation, leaks } from './step-log.ts'

export interface StepOptions {
  /** folder with `action.yml`; the repository's own without it */
  readonly action?: string
  /** as under `with:`; the others have action.yml's defaults */
  readonly inputs?: Readonly<Record<string, string>>
  /** as under `env:`, over the runner's own variables */
  readonly env?: Readonly<Record<string, string>>
  /** where the checkout is; an empty folder without it */
  readonly workspace?: string
}

/** A step that runs. Leaving its scope ends whatever is left of it and deletes its files. */
export interface Step extends AsyncDisposable {
  readonly pid: number
  /** what a user sees by now */
  readonly log: string
  readonly done: Promise<StepResult>
  /**
   * The first line that a user sees, past or to come, that matches.
   * @throws Error with the end of the log, when the time is over or the step has ended without it
   */
  waitForLine(wanted: RegExp, options?: { timeoutMs?: number }): Promise<RegExpMatchArray>
  /** What the runner does when somebody cancels the job, to the node process alone. Resolves when it has ended. */
  cancel(): Promise<void>
  /** The runner's machine is gone: node ends at once, its children don't, and there is no post step. */
  vanish(): Promise<void>
  /** Runs the post step, once the step has ended. */
  post(): Promise<StepResult & { readonly elapsedMs: number }>
}

const REPOSITORY = join(import.meta.dirname, '../../..')
const TO_SIGTERM_MS = 7_500
const TO_SIGKILL_MS = 2_500

/** Starts an action's step with the inputs, variables and files that GitHub's runner would give it. */
export function startStep(options: StepOptions = {}): Step {
  const action = readAction(options.action ?? REPOSITORY)
  const folder = mkdtempSync(join(tmpdir(), 'gate-runner-'))
  const workspace = options.workspace ?? join(folder, 'workspace')
  const env = {
    ...runnerVariables(folder, workspace),
    ...inputVariables(action.inputs, options.inputs),
    ...options.env,
  }
  for (const path of [workspace, env.HOME, env.RUNNER_TEMP]) mkdirSync(path, { recursive: true })
  const start = (file: string, extra: Record<string, string> = {}) =>
    run(file, { env: { ...env, ...extra }, cwd: workspace, folder: join(folder, 'commands') })

  const { child, log, exited, done } = start(action.main)
  const known = [...action.inputs.keys()]
  const unknown = Object.keys(options.inputs ?? {}).filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    log.annotate(
      'warning',
      `Unexpected input(s) '${unknown.join("', '")}', valid inputs are ['${known.join("', '")}']`,
    )
  }
  let vanished = false

  return {
    pid: child.pid ?? 0,
    get log() {
      return log.shown
    },
    done,
    async waitForLine(wanted, { timeoutMs = 30_000 } = {}) {
      const over = new AbortController()
      const missing = (why: string) =>
        over.abort(
          new Error(`No line matches ${wanted}: ${why}. The end of the log:\n${log.shown.slice(-3_000)}`),
        )
      const timer = setTimeout(() => missing(`nothing within ${timeoutMs} ms`), timeoutMs)
      done.then(
        ({ code, signal }) => missing(`the step ended (${signal ?? code})`),
        (error) => missing(`the step did not start (${error.message})`),
      )
      return log.line(wanted, over.signal).finally(() => clearTimeout(timer))
    },
    async cancel() {
      child.kill('SIGINT')
      await within(TO_SIGTERM_MS, exited)
      child.kill('SIGTERM')
      await within(TO_SIGKILL_MS, exited)
      child.kill('SIGKILL')
      await exited
    },
    async vanish() {
      vanished = true
      child.kill('SIGKILL')
      await exited
    },
    async post() {
      if (action.post === undefined)
        throw new Error('The action has no post step: see runs.post of its action.yml.')
      if (vanished) throw new Error('A runner that has vanished runs no post step.')
      const { state } = await done
      const saved = Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])
      const began = performance.now()
      const post = start(action.post, Object.fromEntries(saved))
      return { ...(await post.done), elapsedMs: performance.now() - began }
    },
    async [Symbol.asyncDispose]() {
      container(folder).sweep()
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function runnerVariables(folder: string, workspace: string) {
  return {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'octocat',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_REPOSITORY: 'octocat/shop',
    GITHUB_RUN_ID: '1234567890',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_SHA: '0123456789abcdef0123456789abcdef01234567',
    GITHUB_WORKSPACE: workspace,
    HOME: join(folder, 'home'),
    PATH: process.env.PATH ?? '',
    RUNNER_OS: process.platform === 'darwin' ? 'macOS' : process.platform === 'win32' ? 'Windows' : 'Linux',
    RUNNER_TEMP: join(folder, 'temp'),
  }
}

function inputVariables(
  defaults: ReadonlyMap<string, string>,
  given: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const all = { ...Object.fromEntries(defaults), ...given }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [inputVariable(name), value]))
}
