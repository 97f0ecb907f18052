import { expect } from 'vitest'

/** Sees every run of a job, and what the guard claimed meanwhile. */
export class Watch {
  /** runs that began when none may */
  readonly early: string[] = []
  /** runs that went on as the guard said that none does */
  readonly forgotten: string[] = []
  started = 0
  running = 0
  readonly #state: () => string | undefined
  readonly #starts: readonly string[]

  /** @param starts the states in which a run may begin */
  constructor(state: () => string | undefined, starts: readonly string[] = ['running']) {
    this.#state = state
    this.#starts = starts
  }

  async run(work: () => Promise<unknown> | undefined): Promise<void> {
    const before = this.#state() ?? 'booting'
    if (!this.#starts.includes(before)) this.early.push(before)
    this.started++
    this.running++
    try {
      await work()
    } finally {
      const after = this.#state() ?? 'booting'
      if (after === 'drained' || after === 'exited') this.forgotten.push(after)
      this.running--
    }
  }

  /** What may not have happened has not. */
  clean(): void {
    expect({ early: this.early, forgotten: this.forgotten }).toEqual({ early: [], forgotten: [] })
  }
}

/** Work that ends when the test says so. */
export function handWork() {
  const open: PromiseWithResolvers<void>[] = []
  return {
    work: (): Promise<void> => {
      const one = Promise.withResolvers<void>()
      open.push(one)
      return one.promise
    },
    get count() {
      return open.length
    },
    end(): void {
      for (const { resolve } of open.splice(0)) resolve()
    },
    fail(error: Error): void {
      for (const { reject } of open.splice(0)) reject(error)
    },
  }
}
