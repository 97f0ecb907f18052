import { type Guard, type GuardOptions, guard, type Missed, readMissed, type Scheduler } from './guard.ts'
import { Runs } from './runs.ts'

/** A Bree 9, as far as its guard knows it. */
export interface Bree {
  readonly config: { readonly jobs: readonly { readonly name: string }[] }
  readonly workers: ReadonlyMap<string, BreeWorker>
  readonly timeouts: ReadonlyMap<string, unknown>
  readonly intervals: ReadonlyMap<string, unknown>
  run(name?: string): Promise<void>
  on(event: 'worker deleted', listener: (name: string) => void): unknown
}

/** A worker thread. */
export interface BreeWorker {
  on(event: 'message', listener: (message: unknown) => void): unknown
  postMessage(message: unknown): void
  terminate(): Promise<unknown>
}

/**
 * Takes part in the app's gate for a Bree. Call it before `bree.start()`. Resolves when the process may schedule, as `join` does.
 *
 * A deploy that is out of patience sends running jobs the message `cancel`, as `bree.stop()` does; a job that answers `cancelled`
 * counts as stored, and its thread is ended.
 * @throws Error for a missing or wrong option, naming it
 */
export async function guardBree(bree: Bree, options: GuardOptions = {}): Promise<Guard> {
  const runs = new Runs()
  return await guard(new Threads(bree, runs, readMissed(options.missed)), runs, options)
}

class Threads implements Scheduler {
  readonly #bree: Bree
  readonly #runs: Runs
  readonly #missed: Missed
  /** job name → what to call when its thread is gone. Bree runs no job twice at a time */
  readonly #ends = new Map<string, () => void>()
  readonly #due = new Set<string>()
  #held = true

  constructor(bree: Bree, runs: Runs, missed: Missed) {
    this.#bree = bree
    this.#runs = runs
    this.#missed = missed
    const run = bree.run
    bree.run = async (name) => {
      // Without a name Bree calls this for each job; of one that runs already it says so.
      if (name === undefined || this.#ends.has(name)) return await run(name)
      if (this.#held) {
        this.#due.add(name)
        return
      }
      // From here on and not from the thread's start: before it may come Bree's own start-up.
      this.#ends.set(name, runs.begin(name))
      try {
        await run(name)
      } catch (error) {
        this.#over(name)
        throw error
      }
    }
    bree.on('worker deleted', (name) => this.#over(name))
  }

  hold(): Promise<void> {
    this.#held = true
    return this.#runs.idle()
  }

  resume(): void {
    this.#held = false
    const due = [...this.#due]
    this.#due.clear()
    const { config, timeouts, intervals } = this.#bree
    for (const name of due) {
      if (!config.jobs.some((job) => job.name === name)) continue
      // A job that is due only once is run, whatever the policy: it would be lost.
      const again = timeouts.has(name) || intervals.has(name)
      if (this.#missed === 'one' || !again) void this.#bree.run(name)
    }
  }

  stop(): void {
    for (const name of this.#ends.keys()) {
      const worker = this.#bree.workers.get(name)
      worker?.on('message', (message) => {
        if (message !== 'cancelled') return
        this.#runs.stored()
        void worker.terminate()
      })
      worker?.postMessage('cancel')
    }
  }

  #over(name: string): void {
    this.#ends.get(name)?.()
    this.#ends.delete(name)
  }
}
