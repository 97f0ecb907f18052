import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'

/** The system's own: a version manager's does not see the packages of the system. */
const PYTHON = '/usr/bin/python3'
const PYTHONPATH = [join(import.meta.dirname, '../../../clients/python'), import.meta.dirname].join(':')
/** A safety net only: what is waited for comes at once, or at the next beat. */
const LIMIT = { timeout: 30_000, interval: 20 }

/** Runs a few lines of Python to their end. */
export function runPython(lines: string, env: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync(PYTHON, ['-W', 'error', '-B', '-c', lines], {
    env: { PATH: process.env.PATH, PYTHONPATH, ...env },
    encoding: 'utf8',
    // A deadlock is seen as no output, and by the missing exit code.
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  return { stdout, stderr, status, last: stderr.trim().split('\n').at(-1) }
}

/** A Python process that goes on until the test ends it. Leaving its scope does that, with SIGKILL. */
export interface PythonProcess extends AsyncDisposable {
  readonly pid: number
  /** what it has printed, also on standard error */
  readonly printed: readonly string[]
  /** signal or exit code */
  readonly ended: Promise<NodeJS.Signals | number | null>
  /** Has it execute a statement: see `obey` in driven.py. */
  tell(statement: string): void
  /** Resolves when it has printed a line that matches; `times`: so many. */
  says(pattern: RegExp, times?: number): Promise<void>
  kill(signal: NodeJS.Signals): void
}

export function startPython(lines: string, env: Record<string, string>): PythonProcess {
  const child = spawn(PYTHON, ['-B', '-c', lines], {
    env: { PATH: process.env.PATH, PYTHONPATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const printed: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => printed.push(line))
  // A process that has ended takes no statement any more; the test sees its end.
  child.stdin.on('error', () => {})
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) =>
    child.on('exit', (code, signal) => resolve(signal ?? code)),
  )
  return {
    pid: child.pid as number,
    printed,
    ended,
    tell: (statement) => void child.stdin.write(`${statement}\n`),
    async says(pattern, times = 1) {
      const enough = (lines: string[]) => lines.filter((line) => pattern.test(line)).length >= times
      await expect.poll(() => printed, LIMIT).toSatisfy(enough)
    },
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
