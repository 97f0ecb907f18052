import { EventEmitter } from 'node:events'
import type { Collaborators } from '../../../src/heroku/collaborators.ts'
import { systemTime, type Time } from '../../../src/time.ts'
import { until } from './until.ts'

export interface ScriptedTime extends Time {
  /** how long every skipped sleep was meant to be */
  readonly sleeps: number[]
  /** resolves when a sleep of this length is under way */
  asleep(ms: number): Promise<void>
  /** ends the sleeps of this length that are under way */
  elapse(ms: number): void
}

/** Time in which waits that `skip` accepts are over at once and count as passed; all others last until told or aborted. */
export function scriptedTime(skip: (ms: number) => boolean): ScriptedTime {
  let now = 0
  const sleeps: number[] = []
  const waiting = new Set<{ ms: number; resolve: () => void }>()
  const events = new EventEmitter()
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
        const wait = { ms, resolve }
        waiting.add(wait)
        events.emit('sleep')
        const stop = () => {
          waiting.delete(wait)
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', stop, { once: true })
      })
    },
    asleep: (ms) => until(events, 'sleep', () => [...waiting].some((wait) => wait.ms === ms)),
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
    async logged(pattern) {
      const find = () => lines.find((line) => pattern.test(line))
      await until(events, 'line', () => find() !== undefined)
      return find() ?? ''
    },
  }
}
