import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { processTable, signalOne } from './process-table.ts'

/** Killed processes are gone within a few looks; who is not even then can't be killed. */
const SWEEPS = 1_000

/**
 * All that a program has started, in whatever group or session, also those whose parents have ended. On a dyno a real container holds
 * them together; here a mark in their environment does.
 */
export interface Container {
  /** To every process that is alive, the program's own included. */
  signal(name: NodeJS.Signals): void
  /** Kills until nobody is left: somebody may be started in that moment. */
  sweep(): void
}

/**
 * @param mark a unique text in the environment of the program
 * @param root the program's own process, as long as it is alive
 */
export function container(mark: string, root: () => number | undefined = () => undefined): Container {
  /** Marked, or descended from somebody who is: a program may have written over its environment. */
  const inhabitants = () => {
    const table = processTable()
    const inside = new Set<number | undefined>([root(), ...marked(mark)])
    for (let before = 0; before < inside.size; ) {
      before = inside.size
      for (const { pid, parent } of table) if (inside.has(parent)) inside.add(pid)
    }
    return table.flatMap(({ pid }) => (inside.has(pid) ? [pid] : []))
  }
  const signal = (name: NodeJS.Signals) => {
    const pids = inhabitants()
    for (const pid of pids) signalOne(pid, name)
    return pids.length
  }
  return {
    signal: (name) => void signal(name),
    sweep() {
      for (let turn = 0; signal('SIGKILL') > 0; turn++) {
        if (turn === SWEEPS) throw new Error(`The processes ${inhabitants().join(', ')} can't be killed.`)
      }
    },
  }
}

/** Ids of the processes whose environment holds `mark`, but for this one. */
export function marked(mark: string): number[] {
  const found = process.platform === 'linux' ? fromProc(mark) : fromPs(mark)
  return found.filter((pid) => pid !== process.pid)
}

function fromProc(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark)
      } catch {
        // Ended meanwhile, or somebody else's.
        return false
      }
    })
}

function fromPs(mark: string): number[] {
  const lines = execFileSync('ps', ['-axEww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(mark)).map((line) => Number.parseInt(line, 10))
}
