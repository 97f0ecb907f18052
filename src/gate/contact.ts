import { Alarm } from '../alarm.ts'
import { formatDuration } from '../duration.ts'
import { finish, renew } from '../protocol/drain.ts'
import { look, type View } from '../protocol/look.ts'
import type { Owner } from '../protocol/owner.ts'
import { leaseLost } from './complaint.ts'
import type { Surroundings } from './gate.ts'
import { Lease } from './lease.ts'
import { isOutage } from './outage.ts'

/**
 * One drain's contact with the server, for as long as its lease lasts: an outage is waited out, a lost lease is an error.
 * Whatever waits here rejects with the reason of the surroundings' signal when that aborts.
 */
export class Contact {
  readonly #around: Surroundings
  readonly #owner: Owner
  readonly #lease: Lease
  readonly #alarm: Alarm
  readonly #startedAt: number
  readonly #ring = () => this.#alarm.ring()
  #ended = false

  /** @param sentAt when the request was sent that the lease of `leftMs` came with */
  constructor(around: Surroundings, owner: Owner, sentAt: number, leftMs: number) {
    this.#around = around
    this.#owner = owner
    this.#startedAt = sentAt
    this.#alarm = new Alarm(around.time)
    const { time, log, numbers } = around
    const renewal = (leaseMs: number) => renew(around.host, around.keys, owner, leaseMs)
    this.#lease = new Lease(renewal, { time, log, numbers, onLost: this.#ring }, sentAt, leftMs)
  }

  /** Lets reports of participants and the end of the deploy cut waits short. */
  async begin(): Promise<void> {
    await this.#around.listen(this.#ring)
    this.#around.signal.addEventListener('abort', this.#ring)
  }

  /** ms since the request. */
  get elapsedMs(): number {
    return this.#around.time.now() - this.#startedAt
  }

  get lease(): Pick<Lease, 'leftMs' | 'loss' | 'extended'> {
    return this.#lease
  }

  /** whether the drain was finished from here */
  get ended(): boolean {
    return this.#ended
  }

  /**
   * Ends the drain: no more renewals, and a lost lease is no error any more. Never rejects.
   * @returns whether it was this deploy's to end, and the server knows
   */
  async finish(ending: 'released' | 'aborted'): Promise<boolean> {
    const { host, keys, log } = this.#around
    const { leftMs } = this.#lease
    this.#ended = true
    this.#lease.stop()
    try {
      const answer = await finish(host, keys, this.#owner, ending)
      if (answer === 'not-ours')
        log.warning("the drain was not this deploy's any more when it ended, so nothing was changed")
      return answer !== 'not-ours'
    } catch (error) {
      log.warning(
        `Redis could not be told that the drain is ${ending} (${(error as Error).message}); held participants resume by themselves within ${formatDuration(leftMs)}`,
      )
      return false
    }
  }

  close(): void {
    this.#lease.stop()
    this.#around.signal.removeEventListener('abort', this.#ring)
  }

  /** Who takes part now. @param untilMs as in `insist` */
  read(untilMs?: number): Promise<View> {
    return this.insist(() => look(this.#around.host, this.#around.keys), untilMs)
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
   * Waits for a report, `ms` at the longest.
   * @throws DeployError (`lease-lost`)
   */
  async pause(ms: number): Promise<void> {
    await this.wait(ms)
    this.#check()
  }

  /** As `pause`, but whatever became of lease and deploy. */
  wait(ms: number): Promise<void> {
    return this.#alarm.wait(ms)
  }

  #check(): void {
    this.#around.signal.throwIfAborted()
    const { loss } = this.#lease
    if (loss && !this.#ended) throw leaseLost(loss.why, loss.asker)
  }
}
