import type { Time } from './time.ts'

/** A wait that can be cut short. A ring that nobody waits for is kept for the next wait. */
export class Alarm {
  readonly #time: Time
  #rung = false
  #waiting: AbortController | undefined

  constructor(time: Time) {
    this.#time = time
  }

  ring(): void {
    this.#rung = true
    this.#waiting?.abort()
  }

  /** Resolves after `ms`, or at a ring. One wait at a time. */
  async wait(ms: number): Promise<void> {
    if (!this.#rung && ms > 0) {
      this.#waiting = new AbortController()
      const { signal } = this.#waiting
      await this.#time.sleep(ms, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
      this.#waiting = undefined
    }
    this.#rung = false
  }
}
