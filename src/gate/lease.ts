import { formatDuration } from '../duration.ts'
import type { Log } from '../log.ts'
import type { Lost } from '../protocol/owner.ts'
import type { Time } from '../time.ts'
import type { Numbers } from './numbers.ts'

/** Why a lease is over before its drain was finished. */
export type LeaseLoss = Lost['why'] | 'unreachable'

/** Asks the server for `leaseMs` from now. */
export type Renewal = (
  leaseMs: number,
) => Promise<{ readonly kind: 'renewed'; readonly leftMs: number } | Lost>

/** Renews a drain's lease until it is stopped, and knows at any time how long it lasts for sure. */
export class Lease {
  readonly #renew: Renewal
  readonly #time: Time
  readonly #log: Log
  readonly #numbers: Numbers
  readonly #stop = new AbortController()
  readonly #onLost: () => void
  #leaseMs: number
  #until: number
  #loss: { why: LeaseLoss; asker: string } | undefined

  /** @param sentAt when the request was sent that this lease came with: it is counted from there, never from its answer */
  constructor(
    renew: Renewal,
    { time, log, numbers, onLost }: { time: Time; log: Log; numbers: Numbers; onLost(): void },
    sentAt: number,
    leftMs: number,
  ) {
    this.#renew = renew
    this.#time = time
    this.#log = log
    this.#numbers = numbers
    this.#onLost = onLost
    this.#leaseMs = numbers.drainLeaseMs
    this.#until = sentAt + leftMs
    void this.#keep()
  }

  /** Set once the lease is lost. */
  get loss() {
    return this.#loss
  }

  /** ms that the lease lasts for sure; 0 when it is over. */
  get leftMs(): number {
    return Math.max(0, this.#until - this.#time.now())
  }

  /** The commit gave a longer one. */
  extended(sentAt: number, leftMs: number): void {
    this.#leaseMs = this.#numbers.pushLeaseMs
    this.#until = Math.max(this.#until, sentAt + leftMs)
  }

  /** No more renewals. */
  stop(): void {
    this.#stop.abort()
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stop
    let delay = this.#numbers.renewEveryMs
    for (;;) {
      try {
        await this.#time.sleep(delay, signal)
      } catch {
        return
      }
      const sentAt = this.#time.now()
      try {
        const answer = await this.#renew(this.#leaseMs)
        if (signal.aborted) return
        if (answer.kind === 'lost') return this.#lose(answer.why, answer.asker)
        this.#until = sentAt + answer.leftMs
        delay = this.#numbers.renewEveryMs
      } catch (error) {
        if (signal.aborted) return
        if (this.leftMs === 0) return this.#lose('unreachable', '')
        this.#log.warning(
          `the drain could not be renewed (${(error as Error).message}); it lasts another ${formatDuration(this.leftMs)} without`,
        )
        delay = Math.min(this.#numbers.renewAgainMs, this.leftMs)
      }
    }
  }

  #lose(why: LeaseLoss, asker: string): void {
    this.#loss = { why, asker }
    this.#until = this.#time.now()
    this.#onLost()
  }
}
