import { expect, vi } from 'vitest'
import type { DrainContext, Handlers, Progress } from '../../../src/participant/handlers.ts'
import { LIMIT, Lines } from './lines.ts'

/** One call of the drain handler, that ends when the test says so. */
export interface DrainCall extends DrainContext {
  end(progress?: Progress): void
  fail(error: unknown): void
}

/** An app whose handlers do what a test says, and that writes down what they are told. */
export class App implements Handlers {
  readonly log = new Lines()
  /** `drain`, `force`, `resume`, in order */
  readonly calls: string[] = []
  readonly drains: DrainCall[] = []
  /** how drains end; undefined: when the test ends them */
  atOnce: Progress | undefined
  onResume: () => void | Promise<void> = () => {}

  constructor(atOnce?: Progress) {
    this.atOnce = atOnce
  }

  readonly drain = (context: DrainContext): Promise<Progress | undefined> => {
    this.calls.push('drain')
    const { promise, resolve, reject } = Promise.withResolvers<Progress | undefined>()
    const { signal, report } = context
    if (signal.aborted) this.calls.push('forced before it began')
    signal.addEventListener('abort', () => this.calls.push('force'))
    this.drains.push({ signal, report, end: resolve, fail: reject })
    if (this.atOnce) resolve(this.atOnce)
    return promise
  }

  readonly resume = (): void | Promise<void> => {
    this.calls.push('resume')
    return this.onResume()
  }

  /** Resolves with the n-th call of the drain handler, counted from 1. */
  async draining(n = 1): Promise<DrainCall> {
    await vi.waitFor(() => expect(this.drains.length).toBeGreaterThanOrEqual(n), LIMIT)
    return this.drains[n - 1] as DrainCall
  }

  async told(...calls: string[]): Promise<void> {
    await vi.waitFor(() => expect(this.calls).toEqual(calls), LIMIT)
  }

  /** Lets every handler end, so that the process can leave. */
  release(): void {
    this.atOnce = {}
    for (const drain of this.drains) drain.end()
  }
}
