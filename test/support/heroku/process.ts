import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Ended {
  /** null when a signal ended it */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A command that runs in a process group of its own, as a dyno is a container of its own. */
export interface RunningCommand {
  readonly pid: number
  /** resolves when all of its output has been handed over */
  readonly ended: Promise<Ended>
  /** to every process of the group, as Heroku signals every process of a dyno */
  signal(name: NodeJS.Signals): void
}

/** Ended with this process, also when a test run is broken off. */
const groups = new Set<number>()
process.on('exit', () => {
  for (const leader of groups) signalGroup(leader, 'SIGKILL')
})

/** Runs a command line by `sh`, without input. What outlives the command itself in its group is ended with it. */
export function runCommand(
  command: string,
  options: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
    onLine(line: string, stream: 'stdout' | 'stderr'): void
  },
): RunningCommand {
  const { cwd, env, onLine } = options
  const child = spawn('sh', ['-c', command], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const name of ['stdout', 'stderr'] as const) {
    createInterface(child[name]).on('line', (line) => onLine(line, name))
  }
  const pid = ownGroup(child)
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return { pid, ended, signal: (name) => signalGroup(pid, name) }
}

/** Watches over a child that leads a group: its group never outlives it, nor this process. @returns its process id */
export function ownGroup(child: ChildProcess): number {
  const { pid } = child
  if (pid === undefined) throw new Error(`${child.spawnfile} could not be started in ${process.cwd()}.`)
  groups.add(pid)
  child.once('exit', () => {
    signalGroup(pid, 'SIGKILL')
    groups.delete(pid)
  })
  return pid
}

export function signalGroup(leader: number, name: NodeJS.Signals): void {
  try {
    process.kill(-leader, name)
  } catch (error) {
    // ESRCH: nobody is left. macOS answers EPERM for a group of which only zombies are left.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
