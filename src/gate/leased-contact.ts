import { Alarm } from '../alarm.ts'
import type { DeployError } from '../outcome.ts'
import type { Surroundings } from './gate.ts'
import { Lease, type LeaseLoss, type Renewal } from './lease.ts'
import { isOutage } from './outage.ts'

/** How a lease is kept, and what is said when it is lost. */
export interface LeaseTerms {
  readonly renew: Renewal
  lost(why: LeaseLoss, asker: string): DeployError
}

/**
 * A deploy's contact with the server, for as long as its lease lasts: an outage is waited out, a lost lease is an error.
 * Whatever waits here rejects with the reason of the surroundings' signal when that aborts.
 */
export class LeasedContact {
  readonly #around: Surroundings
  readonly #lease: Lease
  readonly #lost: LeaseTerms['lost']
  readonly #alarm: Alarm
  readonly #startedAt: number
  #ended = false
  #restMs = 0

  /**
   * @param sentAt when the request was sent that the lease of `leftMs` came with
   * @param askedMs how long before that the drain was asked for
   */
  constructor(
    around: Surroundings,
    { renew, lost }: LeaseTerms,
    sentAt: number,
    leftMs: number,
    askedMs = 0,
  ) {
    this.#around = around
    this.#lost = lost
    this.#startedAt = sentAt - askedMs
    this.#alarm = new Alarm(around.time)
    const { time, log, numbers, signal } = around
    signal.addEventListener('abort', this.ring)
    this.#lease = new Lease(renew, { time, log, numbers, onLost: this.ring }, sentAt, leftMs)
  }

  /** Cuts a wait short. */
  readonly ring = (): void => this.#alarm.ring()

  /** ms since the request. */
  get elapsedMs(): number {
    return this.#around.time.now() - this.#startedAt
  }

  get lease(): Pick<Lease, 'leftMs' | 'loss' | 'extended'> {
    return this.#lease
  }

  /** whether `end` was called */
  get ended(): boolean {
    return this.#ended
  }

  /** No more renewals: the drain is finished, or left to its lease, whose end is no error any more. */
  end(): void {
    this.#ended = true
    this.#lease.stop()
  }

  /** What was read had so many rows: the next wait is no shorter than they are worth, whoever rings. */
  protected rest(rows: number): void {
    // Of a handful it is not worth a timer.
    this.#restMs = Math.floor(rows * this.#around.numbers.lookRestPerRowMs)
  }

  close(): void {
    this.#lease.stop()
    this.#around.signal.removeEventListener('abort', this.ring)
  }

  /**
   * Does `work`, and again while Redis is away: how long that may last is the lease's to say, or `untilMs`, in ms since the request.
   * @throws DeployError (`lease-lost`); the outage's own error when `untilMs` is over
   */
  async insist<T>(work: () => Promise<T>, untilMs = Number.POSITIVE_INFINITY): Promise<T> {
    for (;;) {
      this.#check()
      try {
        const result = await work()
        this.#check()
        return result
      } catch (error) {
        this.#check()
        if (!isOutage(error) || this.elapsedMs >= untilMs) throw error
        await this.pause(this.#around.numbers.renewAgainMs)
      }
    }
  }

  /**
   * Waits for a ring, `ms` at the longest.
   * @throws DeployError (`lease-lost`)
   */
  async pause(ms: number): Promise<void> {
    await this.wait(ms)
    this.#check()
  }

  /** As `pause`, but whatever became of lease and deploy. */
  async wait(ms: number): Promise<void> {
    const { time, signal } = this.#around
    const restMs = Math.min(this.#restMs, ms)
    if (restMs > 0) await time.sleep(restMs, signal).catch(() => {})
    await this.#alarm.wait(ms - restMs)
  }

  #check(): void {
    this.#around.signal.throwIfAborted()
    const { loss } = this.#lease
    if (loss && !this.#ended) throw this.#lost(loss.why, loss.asker)
  }
}
