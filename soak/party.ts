import type { Time } from '../src/time.ts'
import { type FaultProxy, startFaultProxy } from '../test/support/fault-proxy.ts'

/**
 * One process of a history, as far as it can be got at from outside: whatever comes in to it comes by its time or by its link to
 * Redis, so that a process without both is one that was stopped, or killed.
 */
export class Party implements AsyncDisposable {
  readonly name: string
  readonly proxy: FaultProxy
  readonly time: Time
  #gone = false
  #stopped: PromiseWithResolvers<void> | undefined

  private constructor(name: string, proxy: FaultProxy, time: Time) {
    this.name = name
    this.proxy = proxy
    this.time = {
      now: time.now,
      sleep: async (ms, signal) => {
        await time.sleep(ms, signal)
        await this.enter()
      },
    }
  }

  static async start(name: string, port: number, time: Time): Promise<Party> {
    return new Party(name, await startFaultProxy(port), time)
  }

  get gone(): boolean {
    return this.#gone
  }

  get stopped(): boolean {
    return this.#stopped !== undefined
  }

  /** What comes in from outside comes through here: it waits while the process is stopped, and never arrives at one that is gone. */
  async enter(): Promise<void> {
    while (this.#stopped) await this.#stopped.promise
    if (this.#gone) await new Promise(() => {})
  }

  /** As by SIGSTOP: its time goes on, and it does not notice. */
  stop(): void {
    if (this.#gone) return
    this.#stopped ??= Promise.withResolvers()
    this.proxy.freeze()
  }

  goOn(): void {
    this.proxy.thaw()
    this.#stopped?.resolve()
    this.#stopped = undefined
  }

  /** The process ends, with or without a word to Redis: a machine that dies closes no connection. */
  die(silently = false): void {
    if (this.#gone) return
    this.#gone = true
    this.proxy.slam(true)
    if (silently) this.proxy.freeze()
    else this.proxy.drop()
    this.#stopped?.resolve()
    this.#stopped = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.die()
    await this.proxy[Symbol.asyncDispose]()
  }
}
