import { type Guard, type GuardOptions, guard, type Missed, readMissed, type Scheduler } from './guard.ts'
import { Runs } from './runs.ts'

/** How one job is guarded. */
export interface JobOptions {
  /** for whoever reads the deploy's log while the job runs; default: the function's name */
  readonly name?: string
  /** default: that of the guard */
  readonly missed?: Missed
}

/** The jobs of a scheduler that calls functions of the app's. */
export interface JobGuard extends Guard {
  /**
   * What to give the scheduler instead of `run`. It runs `run` and counts it as running until the promise that it returned is
   * settled. A call while held returns a promise: with `missed: 'one'` it runs at the resume, further calls meanwhile come
   * to nothing; with `skip` it comes to nothing itself.
   *
   * For schedulers, which call again when a job is due again. Not for queues, which take a call that came to nothing for done.
   */
  job<This, Args extends unknown[], Result>(
    run: (this: This, ...args: Args) => Result,
    options?: JobOptions,
  ): (this: This, ...args: Args) => Result | Promise<Awaited<Result> | undefined>
}

/**
 * Takes part in the app's gate for any scheduler that calls functions: croner, node-cron, toad-scheduler, `setInterval`. Resolves
 * when the process may schedule, as `join` does: create the schedule then, with `guard.job(run)` wherever it takes a function `run`.
 * @throws Error for a missing or wrong option, naming it
 */
export async function guardJobs(options: GuardOptions = {}): Promise<JobGuard> {
  const missed = readMissed(options.missed)
  const runs = new Runs()
  const entrance = new Entrance(runs)
  const job: JobGuard['job'] = (run, own = {}) => {
    const job = { name: own.name ?? run.name, missed: readMissed(own.missed, missed) }
    return function (...args) {
      return entrance.enter(job, () => run.apply(this, args))
    }
  }
  return Object.assign(await guard(entrance, runs, options), { job })
}

type Job = Required<JobOptions>

/** Where every run begins: whatever calls, and whatever its scheduler thinks, it gets in here or waits. */
class Entrance implements Scheduler {
  readonly #runs: Runs
  readonly #waiting = new Map<Job, () => void>()
  #held = true

  constructor(runs: Runs) {
    this.#runs = runs
  }

  enter<Result>(job: Job, run: () => Result): Result | Promise<Awaited<Result> | undefined> {
    if (!this.#held) return this.#begin(job, run)
    if (job.missed === 'skip' || this.#waiting.has(job)) return Promise.resolve(undefined)
    return this.#enterLater(job, run)
  }

  async #enterLater<Result>(job: Job, run: () => Result): Promise<Awaited<Result> | undefined> {
    await new Promise<void>((resolve) => this.#waiting.set(job, resolve))
    return await this.enter(job, run)
  }

  #begin<Result>(job: Job, run: () => Result): Result | Promise<Awaited<Result>> {
    const end = this.#runs.begin(job.name)
    let result: Result
    try {
      result = run()
    } catch (error) {
      end()
      throw error
    }
    if (!isThenable(result)) {
      end()
      return result
    }
    // A query builder runs its query at each `then`: it gets one.
    const ending = Promise.resolve(result)
    ending.then(end, end)
    return ending
  }

  hold(): Promise<void> {
    this.#held = true
    return this.#runs.idle()
  }

  resume(): void {
    this.#held = false
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const go of waiting) go()
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
