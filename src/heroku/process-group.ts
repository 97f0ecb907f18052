import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Time } from '../time.ts'
import type { Environment } from './git-environment.ts'
import { createLineSplitter } from './lines.ts'

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Environment
  onLine(line: string, stream: 'stdout' | 'stderr'): void
}

/** How a process ended; `code` is null when a signal ended it. */
export interface Ended {
  readonly code: number | null
}

const KILL_AFTER_MS = 2_000
/** How long output is waited for after everybody who could write it has ended. */
const CLOSE_WITHIN_MS = 2_000

/**
 * Runs a program in a process group of its own and hands over its output line by line. When `signal` aborts, the whole
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
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  const ended = end(child, command)
  const over = new AbortController()
  const stopping = stopOnAbort(child, ended.exit, command.env, time, AbortSignal.any([signal, over.signal]))
  try {
    const code = await ended.exit
    over.abort()
    await stopping
    await Promise.race([ended.close, time.sleep(CLOSE_WITHIN_MS)])
    signal.throwIfAborted()
    return { code }
  } finally {
    over.abort()
  }
}

function end(child: ChildProcess, { onLine }: Command) {
  for (const name of ['stdout', 'stderr'] as const) {
    const lines = createLineSplitter((line) => onLine(line, name))
    child[name]?.on('data', lines.write).on('end', lines.end)
  }
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve)
    child.once('error', reject)
  })
  return { exit, close: new Promise<void>((resolve) => child.once('close', () => resolve())) }
}
