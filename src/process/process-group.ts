import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Time } from '../time.ts'
import { createLineSplitter } from './lines.ts'
import { signalGroup } from './signal-group.ts'

/** A child process's environment: no value is undefined. */
export type Environment = Readonly<Record<string, string>>

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Environment
  /** Takes its output; without it the program has this process's own input and outputs. */
  onLine?(line: string, stream: 'stdout' | 'stderr'): void
  /** Takes its standard output byte by byte instead, for what is not lines. Needs `onLine`, for its standard error. */
  onBytes?(piece: Buffer): void
  /** What it reads from its standard input; nothing when absent. */
  readonly input?: string | Uint8Array
  /** Told how to send the group a signal, as soon as there is one. */
  onStart?(send: (name: NodeJS.Signals) => void): void
}

/** How a process ended; `code` is null when a signal ended it, which stands beside it then. */
export interface Ended {
  readonly code: number | null
  readonly signal?: NodeJS.Signals
}

const KILL_AFTER_MS = 2_000
/** How long output is waited for once the program has ended: somebody it started may keep the pipe open for good. */
const CLOSE_WITHIN_MS = 5_000

/**
 * Runs a program in a process group of its own (outside of Windows), so without a terminal of its own. When `signal` aborts, the whole
 * group is ended (SIGTERM, SIGKILL 2 s later; on Windows the process tree by `taskkill`), and only then does it reject,
 * with the signal's reason: ending git alone would leave the children that do its work.
 * @throws the system's error when the program can't be started
 */
export async function runGroup(
  command: Command,
  { time, signal }: { time: Time; signal: AbortSignal },
): Promise<Ended> {
  signal.throwIfAborted()
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: command.env,
    stdio: command.onLine ? [command.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] : 'inherit',
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  // A program that ends before it has read everything tells so by its exit code.
  child.stdin?.on('error', () => {}).end(command.input)
  for (const name of ['stdout', 'stderr'] as const) {
    if (name === 'stdout' && command.onBytes) {
      child.stdout?.on('data', command.onBytes)
      continue
    }
    const lines = createLineSplitter((line) => command.onLine?.(line, name))
    child[name]?.on('data', lines.write).on('end', lines.end)
  }
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const exited = new Promise<Ended>((resolve, reject) => {
    child.once('exit', (code, name) => resolve({ code, ...(name && { signal: name }) })).once('error', reject)
  })
  if (child.pid !== undefined) command.onStart?.((name) => sendTo(child, name))
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped = endGroup(child, exited, command.env, time)
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const ended = await exited
    signal.removeEventListener('abort', stop)
    await stopped
    await soon(closed, CLOSE_WITHIN_MS, time)
    if (stopped) signal.throwIfAborted()
    return ended
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function endGroup(
  child: ChildProcess,
  exited: Promise<unknown>,
  env: Environment,
  time: Time,
): Promise<void> {
  if (child.pid === undefined) return
  if (process.platform === 'win32') return endTree(child.pid, env)
  signalGroup(child.pid, 'SIGTERM')
  await soon(exited, KILL_AFTER_MS, time)
  // Also what has outlived its leader.
  signalGroup(child.pid, 'SIGKILL')
}

/** Waits for `event`, but no longer than `ms`. */
async function soon(event: Promise<unknown>, ms: number, time: Time): Promise<void> {
  const over = new AbortController()
  const limit = time.sleep(ms, over.signal).catch(() => undefined)
  await Promise.race([event.catch(() => undefined), limit])
  over.abort()
}

function sendTo(child: ChildProcess, name: NodeJS.Signals): void {
  if (process.platform === 'win32') child.kill(name)
  else if (child.pid !== undefined) signalGroup(child.pid, name)
}

/** Windows has no process groups that could be signalled: `taskkill` walks the tree. */
function endTree(pid: number, env: Environment): Promise<void> {
  const root = Object.entries(env).find(([name]) => name.toLowerCase() === 'systemroot')?.[1] ?? 'C:\\Windows'
  const args = ['/pid', String(pid), '/T', '/F']
  return new Promise((resolve) => {
    // A failure means that the tree has ended by itself; the caller waits for that end in any case.
    execFile(join(root, 'System32', 'taskkill.exe'), args, { windowsHide: true }, () => resolve())
  })
}
