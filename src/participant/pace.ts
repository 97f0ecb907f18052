import type { Time } from '../time.ts'

/** Passes news on: at once, but not oftener than every `everyMs`. What comes in between is passed on together when that time is over. */
export class Pace {
  readonly #time: Time
  readonly #everyMs: number
  readonly #pass: () => void
  #lastAt = Number.NEGATIVE_INFINITY
  #waiting: AbortController | undefined

  constructor(time: Time, everyMs: number, pass: () => void) {
    this.#time = time
    this.#everyMs = everyMs
    this.#pass = pass
  }

  news(): void {
    if (this.#waiting) return
    const waitMs = this.#lastAt + this.#everyMs - this.#time.now()
    if (waitMs <= 0) {
      this.#now()
      return
    }
    this.#waiting = new AbortController()
    this.#time.sleep(waitMs, this.#waiting.signal).then(
      () => {
        this.#waiting = undefined
        this.#now()
      },
      () => {},
    )
  }

  /** What waits is not passed on any more. */
  stop(): void {
    this.#waiting?.abort()
    this.#waiting = undefined
  }

  #now(): void {
    this.#lastAt = this.#time.now()
    this.#pass()
  }
}
