import type { DrainContext, Handlers } from '../handlers.ts'
import { join, type Participation } from '../join.ts'
import type { JoinOptions } from '../options.ts'
import type { Runs } from './runs.ts'

/** A scheduler under the gate: a participation that needs no handlers of the app's. */
export interface Guard extends Participation {
  /**
   * Aborts when running jobs must put themselves away: a deploy with `on-drain-timeout: force` is out of patience, or SIGTERM came
   * 20 s ago. Another one after each resume: a job reads it when it starts.
   */
  readonly stopping: AbortSignal
  /** Called by a job that put itself away because of `stopping`, before it returns: it counts as stored, not as finished. */
  stored(): void
}

/** How a scheduler comes under the gate: as `join` does, and what becomes of runs that were due while it was held. */
export interface GuardOptions extends JoinOptions {
  /**
   * At the resume, a job that was due while held runs once, however often it was due (`one`, the default), or not before it is due
   * again (`skip`).
   */
  readonly missed?: Missed
}

export type Missed = 'one' | 'skip'

/** What a guard has to know of its scheduler. */
export interface Scheduler {
  /** Starts nothing new from now on. Resolves when nothing of what it had started goes on; `withdrawn` ends the wait for nothing. */
  hold(withdrawn: AbortSignal): Promise<void>
  /** Starts again, and makes up for what was missed. Also called to begin with, when the process may schedule. */
  resume(): Promise<void> | void
  /** Asks the running jobs to put themselves away, where they can't see `stopping`. */
  stop?(): void
  /** The process ends. */
  leave?(): Promise<void>
}

/** Joins for a scheduler that is held already. Resolves when it has been started. */
export async function guard(scheduler: Scheduler, runs: Runs, options: JoinOptions): Promise<Guard> {
  let stopping = new AbortController()
  let draining: AbortController | undefined

  const handlers: Handlers = {
    async drain({ signal, report }: DrainContext) {
      const mine = new AbortController()
      draining = mine
      runs.reset()
      runs.onChange = () => report(runs.progress)
      const stop = () => {
        stopping.abort(signal.reason)
        scheduler.stop?.()
      }
      signal.addEventListener('abort', stop, { signal: mine.signal })
      const held = scheduler.hold(mine.signal)
      report(runs.progress)
      await held
      return runs.progress
    },
    async resume() {
      draining?.abort()
      draining = undefined
      runs.onChange = () => {}
      if (stopping.signal.aborted) stopping = new AbortController()
      await scheduler.resume()
    },
    ...(scheduler.leave && { leave: () => scheduler.leave?.() }),
  }

  const participation = await join(handlers, options)
  // Asked to drain before this line was reached: the scheduler stays held until the resume.
  if (!draining) await scheduler.resume()
  return {
    id: participation.id,
    get state() {
      return participation.state
    },
    get stopping() {
      return stopping.signal
    },
    stored: () => runs.stored(),
    leave: () => participation.leave(),
  }
}

/** @throws Error if a JavaScript app gave something else */
export function readMissed(given: Missed | undefined, otherwise: Missed = 'one'): Missed {
  const missed: unknown = given ?? otherwise
  if (missed === 'one' || missed === 'skip') return missed
  throw new Error(`deploy-gate: missed is ${JSON.stringify(missed)}. Expected 'one' or 'skip'.`)
}
