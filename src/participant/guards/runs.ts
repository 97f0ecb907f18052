import type { Progress } from '../handlers.ts'

/** The runs of an app's jobs: those that go on, and what became of the others since the drain began. */
export class Runs {
  /** one entry for each run that goes on: two runs of one job may overlap */
  readonly #names = new Map<symbol, string>()
  readonly #idle = new Set<() => void>()
  #ended = 0
  #stored = 0
  /** called after each change, once a drain wants to know */
  onChange: () => void = () => {}

  /** A run begins. @returns what to call when it is over, however it ended; the second call of it does nothing */
  begin(name: string): () => void {
    const run = Symbol(name)
    this.#names.set(run, name)
    this.onChange()
    return () => {
      if (!this.#names.delete(run)) return
      this.#ended++
      this.onChange()
      if (this.#names.size > 0) return
      for (const resolve of this.#idle) resolve()
      this.#idle.clear()
    }
  }

  /** A run that still goes on has put itself away. */
  stored(): void {
    this.#stored++
    this.onChange()
  }

  /** A drain begins: counts from zero. */
  reset(): void {
    this.#ended = 0
    this.#stored = 0
  }

  /** Resolves when no run goes on: at once, or as the last one ends. */
  idle(): Promise<void> {
    if (this.#names.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.add(resolve))
  }

  /** As a drain reports it. */
  get progress(): Required<Progress> {
    const names = [...new Set(this.#names.values())].filter((name) => name !== '')
    return {
      running: this.#names.size,
      // Between its `stored()` and its end a run is counted as stored already.
      finished: Math.max(0, this.#ended - this.#stored),
      stored: this.#stored,
      note: names.sort().join(', '),
    }
  }
}
