import { formatDuration } from '../../duration.ts'
import { NUMBERS } from '../../gate/numbers.ts'
import type { Log } from '../../log.ts'
import { DeployError } from '../../outcome.ts'
import type { Time } from '../../time.ts'
import { type Order, orderLine } from '../attended.ts'
import type { DynoSession } from '../surroundings.ts'
import { clockOutOfSight, otherConversation } from './dyno-trouble.ts'
import type { ToldDrain } from './told-drain.ts'

/** How long a dyno may take to say that it has done what it was told. It tries for 10 s to reach its Redis, and watches for 10 s more. */
const ANSWER_MS = 25_000
/** A cancelled job has 7.5 s in all. */
const CANCELLED_ANSWER_MS = 3_500

/** What a drain in a dyno works with. */
export interface AttendedAround {
  readonly app: string
  readonly log: Log
  readonly time: Time
  /** aborts when the deploy is cancelled or out of time: the dyno is told at once */
  readonly signal: AbortSignal
}

/** A drain that a one-off dyno carries out, attended from here. Leaving its scope by any road but `released` gives everybody back. */
export class AttendedDrain implements AsyncDisposable {
  readonly #session: DynoSession
  readonly #told: ToldDrain
  readonly #around: AttendedAround
  /** why the dyno's command is over, once it is */
  readonly #over: Promise<DeployError>
  #why: DeployError | undefined
  #stage: 'draining' | 'open' | 'released' | 'over' = 'draining'

  /** @param whyEnded says why, of the exit code of a command that was to go on */
  constructor(
    session: DynoSession,
    told: ToldDrain,
    whyEnded: (code: number) => DeployError,
    around: AttendedAround,
  ) {
    this.#session = session
    this.#told = told
    this.#around = around
    this.#over = session.ended.then(
      ({ code }) => whyEnded(code),
      (error: unknown) => broken(error),
    )
    void this.#over.then((why) => this.#ended(why))
    if (around.signal.aborted) this.#cancel()
    else around.signal.addEventListener('abort', this.#cancel)
  }

  /** Waits until the gate is open. @throws DeployError, by what the dyno tells; the signal's reason when that aborts */
  async opened(): Promise<void> {
    const { app, signal } = this.#around
    const told = this.#told
    const failure = await this.#unlessAborted([
      told.event('open').then(() => undefined),
      this.#over,
      told.foreign,
    ])
    signal.throwIfAborted()
    if (typeof failure === 'string') throw otherConversation(app, failure)
    if (failure !== undefined) throw failure
    this.#stage = 'open'
  }

  /** The new release runs: the held stay quiet for their SIGTERM. Never rejects. */
  async released(release: string): Promise<void> {
    if (this.#why !== undefined) return
    this.#stage = 'released'
    this.#write({ word: 'released', release })
    await this.#within(ANSWER_MS, [this.#told.event('released'), this.#over])
    if (!this.#told.hasTold('released'))
      this.#around.log.warning(
        `${this.#session.dyno} has not said that the old processes stay quiet: they may go on before their SIGTERM`,
      )
  }

  /** As `Quiet.successor`. */
  async successor(waitMs: number, release: string, signal: AbortSignal): Promise<readonly string[]> {
    const { dyno } = this.#session
    if (this.#why !== undefined) throw clockOutOfSight(dyno, release, this.#why.message)
    this.#write({ word: 'successor', release, waitMs })
    const seen = this.#told.event('successor')
    const answer = await this.#unlessAborted([seen, this.#over], signal)
    signal.throwIfAborted()
    // Nothing else is asked of it.
    this.#end()
    if (answer instanceof DeployError) {
      throw answer.outcome === 'clock-not-seen' ? answer : clockOutOfSight(dyno, release, answer.message)
    }
    return answer?.dynos ?? []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { signal } = this.#around
    signal.removeEventListener('abort', this.#cancel)
    this.#end()
    // Who speaks otherwise is told by the end of its dyno.
    if (this.#why === undefined && !this.#told.isForeign)
      await this.#within(signal.aborted ? CANCELLED_ANSWER_MS : ANSWER_MS, [this.#over])
    await this.#session[Symbol.asyncDispose]()
  }

  /** Everybody goes on at once, whatever else has to be ended first. */
  readonly #cancel = (): void => {
    this.#write({ word: 'cancelled' })
  }

  /** Tells the dyno once that this is all. */
  #end(): void {
    const stage = this.#stage
    if (stage === 'over') return
    this.#stage = 'over'
    if (stage === 'released') this.#write({ word: 'end' })
    else if (!this.#around.signal.aborted) this.#write({ word: stage === 'open' ? 'aborted' : 'cancelled' })
  }

  #write(order: Order): void {
    if (this.#why === undefined) this.#session.write(orderLine(order))
  }

  #ended(why: DeployError): void {
    this.#why = why
    this.#told.broke()
    if (this.#stage !== 'open' || this.#around.signal.aborted) return
    const within = formatDuration(NUMBERS.pushLeaseMs)
    this.#around.log.warning(
      `${why.message} Whoever is held goes on within ${within}, while the deploy runs: what starts then may be killed`,
    )
  }

  /** The first of `answers`; `undefined` when the signal aborts. */
  async #unlessAborted<T extends readonly Promise<unknown>[]>(
    answers: readonly [...T],
    signal = this.#around.signal,
  ): Promise<Awaited<T[number]> | undefined> {
    const aborted = Promise.withResolvers<undefined>()
    const abort = () => aborted.resolve(undefined)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    const first = Promise.race([...answers, aborted.promise]) as Promise<Awaited<T[number]> | undefined>
    return await first.finally(() => signal.removeEventListener('abort', abort))
  }

  /** Resolves with the first of `answers`, or when the time is over. */
  async #within(ms: number, answers: readonly Promise<unknown>[]): Promise<void> {
    const done = new AbortController()
    const late = this.#around.time.sleep(ms, done.signal).catch(() => {})
    await Promise.race([...answers, late])
    done.abort()
  }
}

function broken(error: unknown): DeployError {
  if (error instanceof DeployError) return error
  return new DeployError('failed', String((error as Error).message ?? error), 'Run the deploy again.')
}
