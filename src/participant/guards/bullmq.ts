import { systemTime } from '../../time.ts'
import type { JoinOptions } from '../options.ts'
import { type Guard, guard, type Scheduler } from './guard.ts'
import { Runs } from './runs.ts'

/** A worker of BullMQ 5 or 6, as far as its guard knows it. */
export interface BullmqWorker {
  /** of its queue */
  readonly name: string
  pause(): Promise<void>
  resume(): Promise<void> | void
  close(): Promise<void>
  isPaused(): boolean
  isRunning(): boolean
  processJob(job: { readonly name: string }, ...rest: unknown[]): Promise<unknown>
  /** version 6 */
  getBackend?(): object
}

/**
 * Takes part in the app's gate for workers that were created with `autorun: false`, and starts them. Resolves when they run: at once
 * as a rule, at the end of the deploy if the process boots into one. Jobs that are due while held stay in their queue.
 * @throws Error for a worker that runs already, and for a missing or wrong option, naming it
 */
export async function guardBullmq(
  workers: Iterable<BullmqWorker>,
  options: JoinOptions = {},
): Promise<Guard> {
  const all = [...workers]
  const early = all.find((worker) => worker.isRunning())
  if (early) {
    throw new Error(
      `deploy-gate: the BullMQ worker of ${JSON.stringify(early.name)} runs already, and may work through a deploy. Create it with autorun: false; its guard starts it.`,
    )
  }
  const runs = new Runs()
  for (const worker of all) countRuns(worker, runs)
  return await guard(new Workers(all), runs, options)
}

/** From before the job's function is called until its result is in Redis. */
function countRuns(worker: BullmqWorker, runs: Runs): void {
  const processJob = worker.processJob
  worker.processJob = async (job, ...rest) => {
    const end = runs.begin(job.name)
    try {
      return await processJob.call(worker, job, ...rest)
    } finally {
      end()
    }
  }
}

class Workers implements Scheduler {
  readonly #all: readonly BullmqWorker[]
  /** what the app itself has paused is not for the guard to start */
  readonly #held: Set<BullmqWorker>

  constructor(all: readonly BullmqWorker[]) {
    this.#all = all
    this.#held = new Set(all.filter((worker) => !worker.isPaused()))
  }

  async hold(withdrawn: AbortSignal): Promise<void> {
    const running = this.#all.filter((worker) => !worker.isPaused())
    for (const worker of running) this.#held.add(worker)
    await Promise.all(running.map((worker) => pause(worker, withdrawn)))
    // For a worker that was paused already, pause() does not wait.
    while (this.#all.some((worker) => worker.isRunning())) await systemTime.sleep(50, withdrawn)
  }

  async resume(): Promise<void> {
    for (const worker of this.#held) {
      // It remembers that the queue was empty as it was paused, and would sleep up to 10 s beside a job that became due since.
      // A version that does not know this field sleeps.
      Object.assign(worker, { drained: false })
      await worker.resume()
    }
    this.#held.clear()
  }

  async leave(): Promise<void> {
    await Promise.all(this.#all.map((worker) => worker.close()))
  }
}

/** Of this worker in this process: a queue's own pause() stays in Redis, and would stop the next release too. */
async function pause(worker: BullmqWorker, withdrawn: AbortSignal): Promise<void> {
  // pause() closes the connection on which the worker waits for jobs. While that is being made anew, it would be lost for good.
  while (!(await isConnected(worker))) await systemTime.sleep(100, withdrawn)
  withdrawn.throwIfAborted()
  await worker.pause()
}

/** Whether the connection is there on which the worker waits for jobs; of a worker that has none of the kind, true. */
async function isConnected(worker: BullmqWorker): Promise<boolean> {
  const six = worker.getBackend?.() as { blockingClient?: Promise<Client> } | undefined
  const five = worker as { blockingConnection?: { client: Promise<Client> } }
  const client = await (six?.blockingClient ?? five.blockingConnection?.client)
  // A cluster's client is never `ready`.
  return client === undefined || client.status === 'ready' || client.status === 'connect'
}

/** ioredis, or what version 6 puts before it. */
interface Client {
  readonly status: string
}
