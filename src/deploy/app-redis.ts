import type { Log } from '../log.ts'
import { HeldBackLog } from './held-back-log.ts'
import type { DeployPlan } from './plan.ts'
import { type GateServer, openServer } from './server.ts'
import type { Surroundings } from './surroundings.ts'

/** A connection that is being made, and that nobody has asked for yet. */
interface Begun {
  readonly server: Promise<GateServer>
  readonly log: HeldBackLog
  /** ends it */
  readonly leave: AbortController
}

/**
 * The app's Redis, as a deploy uses it. The first connection is made while Heroku is asked; what happens on that way, and whatever goes
 * wrong, is told to whoever opens it, and to nobody if nobody does. Leaving its scope closes what was begun and not opened.
 */
export class AppRedis implements AsyncDisposable {
  readonly #plan: DeployPlan
  readonly #around: Surroundings
  #begun: Begun | undefined

  constructor(plan: DeployPlan, around: Surroundings) {
    this.#plan = plan
    this.#around = around
  }

  /** Begins to connect. Never rejects. */
  begin(signal: AbortSignal): void {
    const log = new HeldBackLog()
    const leave = new AbortController()
    const server = this.#connect(log, AbortSignal.any([signal, leave.signal]))
    server.catch(() => {})
    this.#begun = { server, log, leave }
  }

  /**
   * The connection, checked: the one that was begun, or another. It is the caller's from here on.
   * @throws DeployError (`preflight-failed`); the signal's reason
   */
  async open(log: Log, signal: AbortSignal): Promise<GateServer> {
    const begun = this.#begun
    if (begun === undefined) return await this.#connect(log, signal)
    this.#begun = undefined
    begun.log.release(log)
    return await begun.server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#begun === undefined) return
    const { server, leave } = this.#begun
    leave.abort()
    await server.then(
      (opened) => opened[Symbol.asyncDispose](),
      () => {},
    )
  }

  async #connect(log: Log, signal: AbortSignal): Promise<GateServer> {
    const { list, dryRun } = this.#plan
    const { configVar } = this.#around.heroku
    const asks = list === undefined && !dryRun
    return await openServer(this.#plan, { ...this.#around, log, signal, configVar, asks })
  }
}
