import { formatDuration } from '../duration.ts'
import { finish, renew } from '../protocol/drain.ts'
import { look, type View } from '../protocol/look.ts'
import type { Owner } from '../protocol/owner.ts'
import { leaseLost } from './complaint.ts'
import type { Surroundings } from './gate.ts'
import { LeasedContact } from './leased-contact.ts'
import { outlast } from './outlast.ts'

/** One drain's contact with the server. */
export class Contact extends LeasedContact {
  readonly #around: Surroundings
  readonly #owner: Owner

  /**
   * @param sentAt when the request was sent that the lease of `leftMs` came with
   * @param askedMs how long before that the drain was asked for
   */
  constructor(around: Surroundings, owner: Owner, sentAt: number, leftMs: number, askedMs = 0) {
    const renewal = (leaseMs: number) => renew(around.host, around.keys, owner, leaseMs)
    super(around, { renew: renewal, lost: leaseLost }, sentAt, leftMs, askedMs)
    this.#around = around
    this.#owner = owner
  }

  /** Lets reports of participants cut waits short. */
  async begin(): Promise<void> {
    await this.#around.listen(this.ring)
  }

  /**
   * Ends the drain. Never rejects.
   * @returns whether it was this deploy's to end, and the server knows
   */
  async finish(ending: 'released' | 'aborted'): Promise<boolean> {
    const { host, keys, log, time, numbers, signal } = this.#around
    // A cancelled job has seconds.
    const forMs = signal.aborted ? 0 : numbers.resumeWatchMs
    const patience = { time, againMs: numbers.renewAgainMs, forMs }
    const { leftMs } = this.lease
    this.end()
    try {
      const answer = await outlast(patience, () => finish(host, keys, this.#owner, ending))
      if (answer === 'not-ours')
        log.warning("the drain was not this deploy's any more when it ended, so nothing was changed")
      return answer !== 'not-ours'
    } catch (error) {
      const then =
        leftMs > 0 ? `resume by themselves within ${formatDuration(leftMs)}` : 'have resumed by themselves'
      log.warning(
        `Redis could not be told that the drain is ${ending} (${(error as Error).message}); held participants ${then}`,
      )
      return false
    }
  }

  /** Who takes part now. @param untilMs as in `insist` */
  async read(untilMs?: number): Promise<View> {
    const view = await this.insist(() => look(this.#around.host, this.#around.keys), untilMs)
    this.rest(view.rows.length)
    return view
  }
}
