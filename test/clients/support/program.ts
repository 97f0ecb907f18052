import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'

/** A safety net only: what is waited for comes at once, or at the next beat. */
const LIMIT = { timeout: 60_000, interval: 20 }

/** A process that goes on until the test ends it. Leaving its scope does that, with SIGKILL. */
export interface Program extends AsyncDisposable {
  readonly pid: number
  /** what it has printed, also on standard error */
  readonly printed: readonly string[]
  /** signal or exit code */
  readonly ended: Promise<NodeJS.Signals | number | null>
  /** Writes a line to its standard input. */
  tell(line: string): void
  /** Resolves when it has printed a line that matches; `times`: so many. */
  says(pattern: RegExp, times?: number): Promise<void>
  kill(signal: NodeJS.Signals): void
}

export function startProgram(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Program {
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const printed: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => printed.push(line))
  // A process that has ended takes no line any more; the test sees its end.
  child.stdin.on('error', () => {})
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) =>
    child.on('exit', (code, signal) => resolve(signal ?? code)),
  )
  return {
    pid: child.pid as number,
    printed,
    ended,
    tell: (line) => void child.stdin.write(`${line}\n`),
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
