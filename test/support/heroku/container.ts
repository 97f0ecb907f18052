import { randomUUID } from 'node:crypto'
import { processes } from '../../heroku/support/processes.ts'
import { marked } from '../runner/leftovers.ts'

/** Killed processes are gone within a few looks; who is not even then can't be killed. */
const SWEEPS = 1_000

/**
 * The processes of one dyno: all that its command has started, in whatever group or session, also those whose parents have
 * ended. On Heroku the container holds them together; here a variable in their environment does.
 */
export interface Container {
  /** for the command's environment */
  readonly mark: Readonly<Record<string, string>>
  /** To every process that is alive, the command's own included. */
  signal(name: NodeJS.Signals): void
  /** Kills until nobody is left. */
  sweep(): void
}

/** @param root the command's process while it is alive, which is known only once it was started with the mark */
export function createContainer(root: () => number | undefined): Container {
  const [name, value] = ['LOCAL_HEROKU_DYNO', randomUUID()]

  /** Marked, or descended from somebody who is: a program may have written over its environment. */
  function inhabitants(): number[] {
    const all = processes()
    const inside = new Set<number | undefined>([root(), ...marked(`${name}=${value}`)])
    for (let before = 0; before < inside.size; ) {
      before = inside.size
      for (const { pid, parent } of all) if (inside.has(parent)) inside.add(pid)
    }
    return all.flatMap(({ pid }) => (inside.has(pid) ? [pid] : []))
  }

  function signal(signal: NodeJS.Signals): number {
    const pids = inhabitants()
    for (const pid of pids) {
      try {
        process.kill(pid, signal)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    return pids.length
  }

  return {
    mark: { [name]: value },
    signal: (name) => void signal(name),
    sweep() {
      for (let turn = 0; signal('SIGKILL') > 0; turn++) {
        if (turn === SWEEPS) throw new Error(`The dyno's processes ${inhabitants()} can't be killed.`)
      }
    },
  }
}
