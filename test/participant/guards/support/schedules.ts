import { Cron } from 'croner'
import cron, { type TaskOptions } from 'node-cron'
import { AsyncTask, SimpleIntervalJob, ToadScheduler } from 'toad-scheduler'

/** A real scheduler at its shortest period. */
export interface Schedules {
  readonly periodMs: number
  /** Calls `run` each period, also while its last run goes on, and tells `failed` what it throws. */
  add(run: () => Promise<unknown> | undefined, failed?: (error: unknown) => void): void
  /** Ends what was added. */
  end(): void
}

export type Open = () => Schedules

export const schedulers: Readonly<Record<string, Open>> = {
  croner() {
    const jobs: Cron[] = []
    return {
      periodMs: 1_000,
      add: (run, failed = () => {}) =>
        void jobs.push(new Cron('* * * * * *', { catch: failed }, async () => void (await run()))),
      end: () => {
        for (const job of jobs) job.stop()
      },
    }
  },
  'node-cron': cronOf({}),
  'toad-scheduler'() {
    const scheduler = new ToadScheduler()
    return {
      periodMs: 20,
      add(run, failed) {
        const task = new AsyncTask('job', async () => await run(), failed)
        scheduler.addSimpleIntervalJob(
          new SimpleIntervalJob({ milliseconds: 20 }, task, { preventOverrun: false }),
        )
      },
      end: () => scheduler.stop(),
    }
  },
}

/** node-cron with options of its tasks. */
export function cronOf(options: TaskOptions): Open {
  const logger = { info() {}, warn() {}, error() {}, debug() {} }
  return () => {
    const tasks: ReturnType<typeof cron.schedule>[] = []
    return {
      periodMs: 1_000,
      add(run, failed = () => {}) {
        const task = cron.schedule('* * * * * *', run, { logger, ...options })
        task.on('execution:failed', ({ execution }) => failed(execution?.error))
        tasks.push(task)
      },
      end: () => {
        for (const task of tasks) void task.destroy()
      },
    }
  }
}
