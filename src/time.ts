import { setTimeout as delay } from 'node:timers/promises'

/** Time as it comes in from outside, so that tests of races are deterministic. */
export interface Time {
  /** Milliseconds on a clock that never steps back. Only differences mean anything. */
  now(): number
  /** Resolves after `ms`. Rejects with the signal's reason as soon as `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's own time. */
export const systemTime: Time = machineTime(true)

/** The same, for whoever lives beside an app: its waits alone keep no process alive. */
export const backgroundTime: Time = machineTime(false)

function machineTime(ref: boolean): Time {
  return {
    now: () => performance.now(),
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      try {
        await delay(ms, undefined, { ref, ...(signal && { signal }) })
      } catch (error) {
        signal?.throwIfAborted()
        throw error
      }
    },
  }
}
