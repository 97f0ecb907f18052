import type { Lost } from '../../protocol/owner.ts'
import type { Surroundings } from '../gate.ts'
import type { Held, HeldParticipant } from '../held.ts'
import { LeasedContact } from '../leased-contact.ts'
import type { DrainTerms } from '../terms.ts'
import { tellAftermath } from './aftermath.ts'
import * as complaint from './complaint.ts'
import type { ListEnding, Lists, ListView } from './lists.ts'
import { ListProgress } from './progress.ts'

const LOOK_EVERY_MS = 500
/** A cancelled job has 7.5 s in all. */
const CANCELLED_WATCH_MS = 2_000

/** What was asked, of whom. */
export interface Request {
  readonly terms: DrainTerms
  readonly to: complaint.Audience
  /** the deploy that may have left the clock stopped, as it described itself; empty if none has */
  readonly stoppedBy: string
}

/**
 * Hand-written listeners that were asked through a list. Leaving the scope by any road but `release` takes back what nobody has taken,
 * and puts the resume message into the list for the others.
 */
export class ListHold implements Held {
  readonly #around: Surroundings
  readonly #lists: Lists
  readonly #request: Request
  readonly #progress: ListProgress
  readonly #contact: LeasedContact
  #withdrawn = 0
  #remedy: string | undefined

  /** @param sentAt when the request was sent that the lease of `leftMs` came with */
  constructor(around: Surroundings, lists: Lists, request: Request, sentAt: number, leftMs: number) {
    this.#around = around
    this.#lists = lists
    this.#request = request
    this.#progress = new ListProgress(request.to.types, request.to.count)
    const { leaseLost: lost } = complaint
    this.#contact = new LeasedContact(around, { renew: (ms) => lists.renew(ms), lost }, sentAt, leftMs)
  }

  get participants(): readonly HeldParticipant[] {
    return this.#progress.participants
  }

  get elapsedMs(): number {
    return this.#contact.elapsedMs
  }

  get quietMs(): number | undefined {
    return this.#progress.quietMs(this.elapsedMs)
  }

  get remedy(): string | undefined {
    return this.#remedy
  }

  /** @throws DeployError (`missing-clock`, `drain-timeout`, `lease-lost`) */
  async drained(): Promise<boolean> {
    const { terms, to } = this.#request
    const { onDrainTimeout, drainTimeoutMs, acknowledgeTimeoutMs } = terms
    for (;;) {
      const { asked, taken, answered } = await this.#look()
      if (answered >= asked) return true
      if (taken < asked && this.elapsedMs >= acknowledgeTimeoutMs) {
        await this.#withdraw()
        continue
      }
      if (this.elapsedMs >= drainTimeoutMs) {
        const late = complaint.drainTimeout(to, asked - answered, terms)
        if (onDrainTimeout !== 'deploy') throw late
        this.#around.log.warning(
          `${late.message} Pushing all the same, as on-drain-timeout: deploy says: what runs may be killed.`,
        )
        return false
      }
      await this.#contact.pause(Math.min(LOOK_EVERY_MS, this.#around.numbers.lookEveryMs))
    }
  }

  /**
   * By now every request was taken, or taken back: whoever boots during the push finds none.
   * @throws DeployError (`lease-lost`)
   */
  async commit(): Promise<void> {
    const { numbers, time } = this.#around
    let sentAt = time.now()
    const { leftMs } = await this.#insist(() => {
      sentAt = time.now()
      return this.#lists.renew(numbers.pushLeaseMs)
    })
    this.#contact.lease.extended(sentAt, leftMs)
  }

  async concerns(): Promise<readonly string[]> {
    const { loss } = this.#contact.lease
    if (loss) return [complaint.leaseLost(loss.why, loss.asker).message]
    const { message } = this.#lists.terms
    return (await this.#lists.waiting(message)) === 0 ? [] : [complaint.foreignRequest(this.#lists.terms)]
  }

  async release(): Promise<void> {
    this.#contact.end()
    this.#progress.quietEnded(this.elapsedMs)
    await this.#finish('released')
  }

  /** Nothing tells whether a listener of this kind runs. */
  async successor(): Promise<readonly string[]> {
    this.#around.log.info(
      'protocol: list can not tell whether the new clock runs, so wait-for-clock is passed over',
    )
    return []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#contact.ended) {
      this.#contact.end()
      const { numbers, signal } = this.#around
      const answer = await this.#finish('aborted')
      if (answer !== undefined) {
        const watchMs = signal.aborted ? CANCELLED_WATCH_MS : numbers.resumeWatchMs
        this.#remedy = await tellAftermath(this.#around, this.#lists, this.#request.to, answer, watchMs)
        if (this.#remedy === undefined) this.#progress.quietEnded(this.elapsedMs)
      }
    }
    this.#contact.close()
  }

  async #look(): Promise<ListView> {
    const view = await this.#insist(() => this.#lists.look())
    for (const line of this.#progress.update(view, this.elapsedMs)) this.#around.log.info(line)
    return view
  }

  /** Nobody has taken what is still there, and the time for it is over. */
  async #withdraw(): Promise<void> {
    const { asked, withdrawn } = await this.#insist(() => this.#lists.withdraw())
    const left = withdrawn - this.#withdrawn
    this.#withdrawn = withdrawn
    // The last may be taken in just this moment.
    if (left === 0) return
    const { terms, to, stoppedBy } = this.#request
    const forgivable = terms.onMissingClock === 'deploy' && !terms.asked.some(({ demanded }) => demanded)
    if (asked > 0 || !forgivable) throw complaint.missing(to, left, this.#lists.terms, terms, stoppedBy)
    this.#around.log.warning(complaint.forgiven(to, this.#lists.terms))
  }

  /** @returns what was done; `undefined` when the lists are not this deploy's, or can't be told */
  async #finish(ending: 'released' | 'aborted'): Promise<ListEnding | undefined> {
    const { log } = this.#around
    try {
      const answer = await this.#lists.finish(ending)
      if (answer.kind !== 'not-ours') return answer
      log.warning("the lists were not this deploy's any more when it ended, so nothing was changed")
      if (this.participants.length === 0) return undefined
    } catch (error) {
      log.warning(`Redis could not be told that the drain is ${ending} (${(error as Error).message})`)
    }
    if (ending === 'aborted') this.#remedy = complaint.doubt(this.#request.to)
    return undefined
  }

  /** @throws DeployError (`lease-lost`) */
  async #insist<T>(call: () => Promise<T | Lost>): Promise<T> {
    const answer = await this.#contact.insist(call)
    if (isLost(answer)) throw complaint.leaseLost(answer.why, answer.asker)
    return answer
  }
}

function isLost<T>(answer: T | Lost): answer is Lost {
  return typeof answer === 'object' && answer !== null && 'kind' in answer && answer.kind === 'lost'
}
