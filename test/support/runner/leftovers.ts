import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * Ends with SIGKILL every process whose environment holds `mark`, which must be unique; the runner finds what a job has left
 * behind in the same way.
 */
export function killLeftovers(mark: string): void {
  for (const pid of marked(mark)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
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
