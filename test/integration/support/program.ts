import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const LIMIT_MS = 30_000

/** A child process and all that it has printed so far. */
export interface Program {
  readonly pid: number
  /** of both streams */
  readonly lines: readonly string[]
  readonly stdout: string
  readonly stderr: string
  /** how it ended */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Resolves with the first line that matches, also one of the past. */
  saw(pattern: RegExp, limitMs?: number): Promise<string>
  /** Resolves with the first line that matches from now on. */
  next(pattern: RegExp, limitMs?: number): Promise<string>
  kill(signal: NodeJS.Signals): void
  /** Writes a line to the standard input of one that was started with `keepsInput`. */
  say(line: string): void
  /** Ends that input. */
  hangUp(): void
  /** Closes all its streams, as a connection that breaks off does. */
  breakOff(): void
}

/** Ended with this process, also when a test run is broken off. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Runs a file with this Node, or another interpreter; `input` is all that stands in its standard input, unless that is kept open. */
export function startProgram(
  file: string,
  cwd: string,
  env: Record<string, string>,
  {
    args = [],
    input = '',
    interpreter = process.execPath,
    keepsInput = false,
  }: { args?: readonly string[]; input?: string; interpreter?: string; keepsInput?: boolean } = {},
): Program {
  const child = spawn(interpreter, [file, ...args], { cwd, env, stdio: 'pipe' })
  running.add(child)
  child.stdin.on('error', () => {}).write(input)
  if (!keepsInput) child.stdin.end()
  const lines: string[] = []
  const printed = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve({ code, signal })
      for (const look of waiting) look()
    })
  })
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (piece: string) => {
      printed[name] += piece
    })
    createInterface(child[name]).on('line', (line) => {
      lines.push(line)
      for (const look of waiting) look()
    })
  }

  function wait(pattern: RegExp, from: number, limitMs = LIMIT_MS): Promise<string> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(limit)
        waiting.delete(look)
        finish()
      }
      const missed = (why: string) =>
        settle(() => reject(new Error(`no line ${pattern} (${why}) in:\n${lines.slice(from).join('\n')}`)))
      const limit = setTimeout(() => missed(`within ${limitMs / 1_000} s`), limitMs)
      const look = () => {
        const found = lines.slice(from).find((line) => pattern.test(line))
        if (found !== undefined) settle(() => resolve(found))
        else if (!running.has(child)) missed('the program has ended')
      }
      waiting.add(look)
      look()
    })
  }

  return {
    pid: child.pid as number,
    lines,
    get stdout() {
      return printed.stdout
    },
    get stderr() {
      return printed.stderr
    },
    ended,
    saw: (pattern, limitMs) => wait(pattern, 0, limitMs),
    next: (pattern, limitMs) => wait(pattern, lines.length, limitMs),
    kill: (signal) => void child.kill(signal),
    say: (line) => void child.stdin.write(`${line}\n`),
    hangUp: () => void child.stdin.end(),
    breakOff: () => {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    },
  }
}
