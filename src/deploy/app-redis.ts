import type { Log } from '../log.ts'
import { HeldBackLog } from './held-back-log.ts'
import type { DeployPlan } from './plan.ts'
import { type GateServer, openServer, type ServerNeeds } from './server.ts'

/** What it is reached with. */
export type RedisNeeds = Omit<ServerNeeds, 'log' | 'signal' | 'asks'>

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
  readonly #needs: RedisNeeds
  #begun: Begun | undefined

  constructor(plan: DeployPlan, needs: RedisNeeds) {
    this.#plan = plan
    this.#needs = needs
  }

  /** Begins to connect, if that has not begun. Never rejects. @param signal ends that */
  begin(signal: AbortSignal): void {
    if (this.#begun !== undefined) return
    const log = new HeldBackLog()
    const leave = new AbortController()
    const server = this.#connect(log, AbortSignal.any([signal, leave.signal]))
    server.catch(() => {})
    this.#begun = { server, log, leave }
  }

  /**
   * The connection, checked: the one that was begun, or another. It is the caller's from here on, and ends its waits with `signal`.
   * @throws DeployError (`preflight-failed`); the signal's reason
   */
  async open(log: Log, signal: AbortSignal): Promise<GateServer> {
    const begun = this.#begun
    if (begun === undefined) return await this.#connect(log, signal)
    this.#begun = undefined
    begun.log.release(log)
    const server = await begun.server
    return {
      around: { ...server.around, signal },
      // Of the connection that is there: another may have been made meanwhile.
      get fingerprint() {
        return server.fingerprint
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#begun === undefined) return
    const { server, leave } = this.#begun
    this.#begun = undefined
    leave.abort()
    await server.then(
      (opened) => opened[Symbol.asyncDispose](),
      () => {},
    )
  }

  async #connect(log: Log, signal: AbortSignal): Promise<GateServer> {
    const { list, dryRun } = this.#plan
    const asks = list === undefined && !dryRun
    return await openServer(this.#plan, { ...this.#needs, log, signal, asks })
  }
}
