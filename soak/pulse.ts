import type { Time } from '../src/time.ts'

const EVERY_MS = 20

/**
 * Notes how long this process did not get to run. Histories go by many times as fast as life, and so do the moments in which the
 * machine was busy with something else: what is late by that is not late by itself.
 */
export class Pulse implements Disposable {
  readonly #stalls: { readonly at: number; readonly ms: number }[] = []
  readonly #timer: NodeJS.Timeout

  constructor(time: Time) {
    let last = performance.now()
    this.#timer = setInterval(() => {
      const now = performance.now()
      const late = now - last - EVERY_MS
      last = now
      if (late > EVERY_MS) this.#stalls.push({ at: time.now(), ms: late })
    }, EVERY_MS)
  }

  /** Stalls since `from` in all, in ms of `time`, which is `speed` times as fast as the real one. */
  stalledMs(from: number, speed: number): number {
    return this.#stalls.reduce((sum, { at, ms }) => (at >= from ? sum + ms * speed : sum), 0)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
