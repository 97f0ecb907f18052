import { EventEmitter } from 'node:events'
import type { Collaborators } from '../../../src/heroku/collaborators.ts'
import { systemTime, type Time } from '../../../src/time.ts'

export interface ScriptedTime extends Time {
  /** how long every skipped sleep was meant to be */
  readonly sleeps: number[]
  /** ends the sleeps of this length that are under way */
  elapse(ms: number): void
}

/** Time in which waits that `skip` accepts are over at once and count as passed; all others last until told or aborted. */
export function scriptedTime(skip: (ms: number) => boolean): ScriptedTime {
  let now = 0
  const sleeps: number[] = []
  const waiting = new Set<{ ms: number; resolve: () => void }>()
  return {
    sleeps,
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      if (skip(ms)) {
        sleeps.push(ms)
        now += ms
        // Lets I/O go on between two waits.
        await new Promise((resolve) => setImmediate(resolve))
        signal?.throwIfAborted()
        return
      }
      await new Promise<void>((resolve, reject) => {
        waiting.add({ ms, resolve })
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    },
    elapse(ms) {
      for (const wait of waiting) {
        if (wait.ms !== ms) continue
        waiting.delete(wait)
        now += ms
        wait.resolve()
      }
    },
  }
}

export interface Surroundings extends Collaborators {
  readonly lines: string[]
  readonly warnings: string[]
  readonly abort: (reason: unknown) => void
  /** resolves when a line matches, also one that was logged before */
  logged(pattern: RegExp): Promise<string>
}

/** Collaborators that keep what is logged. */
export function surroundings(over: Partial<Collaborators> = {}): Surroundings {
  const lines: string[] = []
  const warnings: string[] = []
  const events = new EventEmitter()
  const cancel = new AbortController()
  const keep = (line: string) => {
    lines.push(line)
    events.emit('line')
  }
  return {
    log: {
      info: keep,
      warning(line) {
        warnings.push(line)
        keep(line)
      },
    },
    time: systemTime,
    signal: cancel.signal,
    env: process.env,
    ...over,
    lines,
    warnings,
    abort: (reason) => cancel.abort(reason),
    logged: (pattern) =>
      new Promise((resolve) => {
        const look = () => {
          const line = lines.find((text) => pattern.test(text))
          if (line === undefined) return
          events.off('line', look)
          resolve(line)
        }
        events.on('line', look)
        look()
      }),
  }
}
