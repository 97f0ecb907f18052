import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseCommandFile } from './command-file.ts'
import { type Annotation, StepLog } from './step-log.ts'

/** How a step, or its post step, ended. */
export interface StepResult {
  /** null when a signal ended it */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly outputs: Readonly<Record<string, string>>
  readonly state: Readonly<Record<string, string>>
  readonly annotations: readonly Annotation[]
  /** names of the workflow commands that the runner obeyed, in their order */
  readonly obeyed: readonly string[]
  /** markdown */
  readonly summary: string
  /** what a user sees */
  readonly log: string
  /** everything that was written, with the secrets in `::add-mask::` lines */
  readonly raw: string
}

/** One process of an action, as the runner runs it. */
export interface Run {
  readonly child: ChildProcess
  readonly log: StepLog
  readonly exited: Promise<void>
  readonly done: Promise<StepResult>
}

const FILES = ['OUTPUT', 'STATE', 'STEP_SUMMARY', 'ENV', 'PATH'] as const
/** GitHub drops a larger summary whole. */
const LARGEST_SUMMARY = 1024 * 1024
/** How long the runner waits for output once the process has ended: a child of it may keep the pipe open. */
const OUTPUT_GRACE_MS = 5_000

/** Ended with this process, also when a test run is broken off. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

const NODE = join(import.meta.dirname, '../../../node_modules/node/bin/node')

/** Runs `node file` with `env` and command files of its own in `folder`. */
export function run(
  file: string,
  { env, cwd, folder }: { env: Record<string, string>; cwd: string; folder: string },
): Run {
  mkdirSync(folder, { recursive: true })
  const own = mkdtempSync(join(folder, 'commands-'))
  const files = new Map(FILES.map((name) => [name, join(own, name)]))
  for (const path of files.values()) writeFileSync(path, '')
  const log = new StepLog()
  const child = spawn(existsSync(NODE) ? NODE : process.execPath, [file], {
    cwd,
    env: { ...env, ...Object.fromEntries([...files].map(([name, path]) => [`GITHUB_${name}`, path])) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.on('spawn', () => running.add(child))
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) =>
      log.read(line),
    )
  }
  const exited = new Promise<void>((resolve, reject) => {
    child.once('exit', () => {
      running.delete(child)
      resolve()
    })
    child.once('error', reject)
  })
  const written = new Promise<void>((resolve) => child.once('close', () => resolve()))

  const read = (name: (typeof FILES)[number]) => readFileSync(files.get(name) as string, 'utf8')
  const values = (name: 'OUTPUT' | 'STATE') => {
    try {
      return parseCommandFile(read(name))
    } catch (error) {
      log.annotate('error', `Unable to process file command '${name.toLowerCase()}' successfully.`)
      log.annotate('error', (error as Error).message)
      return {}
    }
  }
  const finish = async (): Promise<StepResult> => {
    await exited
    await within(OUTPUT_GRACE_MS, written)
    const [outputs, state] = [values('OUTPUT'), values('STATE')]
    let summary = log.masked(read('STEP_SUMMARY'))
    if (Buffer.byteLength(summary) > LARGEST_SUMMARY) {
      log.annotate('error', '$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k')
      summary = ''
    }
    const { exitCode: code, signalCode: signal } = child
    return {
      code,
      signal,
      outputs,
      state,
      annotations: log.annotations,
      obeyed: log.obeyed,
      summary,
      log: log.shown,
      raw: log.raw,
    }
  }
  const done = finish()
  // Whoever doesn't ask for the end is told of a failed start by the other promise.
  done.catch(() => undefined)
  return { child, log, exited, done }
}

/** Waits for `event`, but no longer than `ms`. */
export async function within(ms: number, event: Promise<unknown>): Promise<void> {
  const { promise: limit, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([event, limit])
  clearTimeout(timer)
}
