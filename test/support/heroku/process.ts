import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { type Container, container } from '../../../src/process/container.ts'
import { signalGroup } from '../../../src/process/signal-group.ts'

export interface Ended {
  /** null when a signal ended it */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A command that runs in a container of its own. */
export interface RunningCommand {
  readonly pid: number
  /** absent without input */
  readonly stdin: Writable | undefined
  /** resolves when all of its output has been handed over */
  readonly ended: Promise<Ended>
  /** to every process of the container, as Heroku signals every process of a dyno */
  signal(name: NodeJS.Signals): void
}

/** Ended with this process, also when a test run is broken off. */
const groups = new Set<number>()
const containers = new Set<Container>()
process.on('exit', () => {
  for (const leader of groups) signalGroup(leader, 'SIGKILL')
  for (const one of containers) one.signal('SIGKILL')
})

/** Runs a command line by `sh`. What outlives the command itself is ended with it, as a dyno's container is. */
export function runCommand(
  command: string,
  options: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
    /** The command has an input, `stdin`. */
    readonly input?: boolean
    onLine(line: string, stream: 'stdout' | 'stderr'): void
    /** what it prints, as it comes */
    onOutput?(piece: Buffer): void
  },
): RunningCommand {
  const { cwd, env, input, onLine, onOutput } = options
  const id = randomUUID()
  const dyno = container(`LOCAL_HEROKU_DYNO=${id}`, () =>
    child.exitCode === null && child.signalCode === null ? child.pid : undefined,
  )
  const child = spawn('sh', ['-c', command], {
    cwd,
    env: { ...env, LOCAL_HEROKU_DYNO: id },
    detached: true,
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  })
  for (const name of ['stdout', 'stderr'] as const) {
    if (onOutput) child[name]?.on('data', onOutput)
    if (child[name]) createInterface(child[name]).on('line', (line) => onLine(line, name))
  }
  // Who has ended reads no more.
  child.stdin?.on('error', () => {})
  const pid = pidOf(child)
  containers.add(dyno)
  child.once('exit', () => {
    dyno.sweep()
    containers.delete(dyno)
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return { pid, stdin: child.stdin ?? undefined, ended, signal: dyno.signal }
}

/** Watches over a child that leads a group: its group never outlives it, nor this process. @returns its process id */
export function ownGroup(child: ChildProcess): number {
  const pid = pidOf(child)
  groups.add(pid)
  child.once('exit', () => {
    signalGroup(pid, 'SIGKILL')
    groups.delete(pid)
  })
  return pid
}

function pidOf({ pid, spawnfile }: ChildProcess): number {
  if (pid === undefined) throw new Error(`${spawnfile} could not be started in ${process.cwd()}.`)
  return pid
}
