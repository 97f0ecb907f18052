import { enumerate } from '../enumerate.ts'
import { force, renew } from '../protocol/drain.ts'
import { look, type View } from '../protocol/look.ts'
import type { Owner } from '../protocol/owner.ts'
import * as complaint from './complaint.ts'
import { Contact } from './contact.ts'
import type { Surroundings } from './gate.ts'
import type { Held } from './held.ts'
import { untilOpened } from './led.ts'
import { untilGranted } from './opening.ts'
import { isOutage } from './outage.ts'
import { type ParticipantProgress, Progress } from './progress.ts'
import { awaitTold } from './quiet.ts'
import { successors } from './successor.ts'
import { linesOf } from './telling.ts'
import type { AskedType, DrainTerms, ExpectedDyno } from './terms.ts'
import { judge, type Shortage, type Verdict } from './verdict.ts'

/** A cancelled job has 7.5 s in all. */
const CANCELLED_WATCH_MS = 2_000

/**
 * A drain in force. Leaving its scope by any road but `release` gives the participants back to their schedules. Every waiting
 * method rejects with the reason of the surroundings' signal when that aborts.
 */
export class Hold implements Held {
  readonly owner: Owner
  readonly #around: Surroundings
  readonly #terms: DrainTerms
  readonly #progress: Progress
  readonly #contact: Contact
  /** when it was last read who takes part, ms since the request: by that they are judged */
  #seenAtMs = 0
  /** whether nobody has judged by it yet */
  #unused = true
  /** types too few take part with, and that is accepted */
  #forgiven: ReadonlySet<string> = new Set()

  /**
   * @param sentAt when the request was sent that the lease of `leftMs` came with
   * @param askedMs how long before that the drain was asked for, if not by this process
   */
  constructor(
    around: Surroundings,
    { id, epoch }: Owner,
    terms: DrainTerms,
    sentAt: number,
    leftMs: number,
    askedMs = 0,
  ) {
    this.owner = { id, epoch }
    this.#around = around
    this.#terms = terms
    this.#progress = new Progress(epoch, this.#types)
    this.#contact = new Contact(around, this.owner, sentAt, leftMs, askedMs)
  }

  /** Starts listening, and looks once. */
  async begin(): Promise<void> {
    await this.#contact.begin()
    await this.#look()
  }

  get participants(): readonly ParticipantProgress[] {
    return this.#progress.participants
  }

  /** ms since the request. */
  get elapsedMs(): number {
    return this.#contact.elapsedMs
  }

  /** How long no asked participant was scheduling; still counting while that lasts. */
  get quietMs(): number | undefined {
    return this.#progress.quietMs(this.elapsedMs)
  }

  /**
   * Waits until everybody is drained. Resolves with true, or with false when the time was up and the terms say to deploy anyway.
   * @throws DeployError (`missing-clock`, `not-acknowledged`, `refused`, `drain-timeout`, `lease-lost`)
   */
  async drained(): Promise<boolean> {
    const { onDrainTimeout, drainTimeoutMs, acknowledgeTimeoutMs } = this.#terms
    const { log, numbers } = this.#around
    let deadline = drainTimeoutMs
    let forced = false
    // What `begin` has just read is not read again.
    for (let seen = this.#unused; ; seen = false) {
      if (!seen) await this.#look()
      this.#unused = false
      let verdict = this.#judge()
      if (verdict.refused.length > 0) throw complaint.refused(verdict.refused)
      if (verdict.late.length > 0) throw complaint.notAcknowledged(verdict.late, acknowledgeTimeoutMs)
      const fatal = verdict.missing.filter(({ forgivable }) => !forgivable)
      if (fatal.length > 0) throw complaint.missingClock(fatal, acknowledgeTimeoutMs, this.#absent(fatal))
      if (verdict.missing.length > 0) {
        this.#forgive(verdict.missing)
        verdict = this.#judge()
      }
      if (verdict.undrained.length === 0 && verdict.short.length === 0) return true
      if (this.#seenAtMs >= deadline) {
        const late = complaint.drainTimeout(verdict, drainTimeoutMs, forced)
        if (onDrainTimeout === 'deploy') {
          log.warning(
            `${late.message} Deploying all the same, as on-drain-timeout: deploy says: what runs may be killed.`,
          )
          return false
        }
        if (onDrainTimeout === 'fail' || forced) throw late
        log.warning(
          `${late.message} Telling the participants to abort what runs and store it, as on-drain-timeout: force says.`,
        )
        await this.#force()
        forced = true
        deadline = this.elapsedMs + numbers.forceGraceMs
      }
      await this.#contact.pause(Math.min(numbers.lookEveryMs, Math.max(0, deadline - this.elapsedMs)))
    }
  }

  /**
   * Opens the gate, if the server agrees that everybody is held long enough: from here on the push may begin.
   * @param anyway open it whoever is not drained
   * @throws DeployError (`drain-timeout`, `lease-lost`)
   */
  async commit(anyway = false): Promise<void> {
    await untilGranted(
      {
        ...{ around: this.#around, contact: this.#contact, owner: this.owner },
        asked: new Map(this.#stillAsked.map(({ type, atLeast }) => [type, atLeast])),
        look: () => this.#look(),
        drained: () => this.drained(),
      },
      anyway,
    )
  }

  /**
   * Follows a drain that another process leads, and tells of it, until that process has opened the gate.
   * @param over aborts when there is nothing more to wait for
   * @returns false if `over` aborts first, or the drain ends: why, its leader knows
   * @throws the signal's reason
   */
  async opened(over: AbortSignal): Promise<boolean> {
    const drain = { around: this.#around, contact: this.#contact, owner: this.owner }
    return await untilOpened(drain, over, (view) => this.#tell(view))
  }

  /** What a person should know about the hold while the deploy runs; empty when all is well. */
  async concerns(): Promise<string[]> {
    const { loss } = this.#contact.lease
    if (loss) return [complaint.leaseLost(loss.why, loss.asker).message]
    const view = await look(this.#around.host, this.#around.keys)
    // Held ones may end: that is Heroku's SIGTERM. Who boots is held.
    const changes = this.#progress
      .update(view, this.elapsedMs)
      .filter(({ of }) => of.state === 'running' || of.state === 'failed' || of.state === 'silent')
    return linesOf(changes).map((line) => `${line}, while the deploy runs`)
  }

  /** The new release runs: the held participants stay quiet for their SIGTERM. Never rejects: by now the deploy has happened. */
  async release(): Promise<void> {
    await this.#contact.finish('released')
  }

  /**
   * Waits until everybody has been told how long the lease of the commit is, and leaves them held until its end, with nobody behind it.
   * @returns ms that the hold lasts from now, and the dynos that have not been told so for sure
   * @throws DeployError (`lease-lost`)
   */
  async leave(): Promise<{ readonly leftMs: number; readonly untold: readonly string[] }> {
    const { maxHoldMs } = this.#around.numbers
    const untold = await awaitTold(this.#around, this.owner.epoch, (ms) => this.#contact.pause(ms))
    // Nobody looks after it from here on, so let it be there: it may have been ended since the last renewal.
    const { host, keys } = this.#around
    const kept = await this.#contact.insist(() => renew(host, keys, this.owner, 0))
    if (kept.kind === 'lost') throw complaint.leaseLost(kept.why, kept.asker)
    this.#contact.end()
    return {
      leftMs: Math.min(this.#contact.lease.leftMs, Math.max(0, maxHoldMs - this.elapsedMs)),
      untold: untold ?? this.#progress.held.map(({ dyno }) => dyno),
    }
  }

  /**
   * Waits until a participant that booted after the commit is seen for each asked process type.
   * @param over ends the wait with its reason
   * @returns the dynos that were seen
   * @throws DeployError (`clock-not-seen`)
   */
  async successor(waitMs: number, release: string, over?: AbortSignal): Promise<string[]> {
    const deadline = this.elapsedMs + waitMs
    for (;;) {
      over?.throwIfAborted()
      const view = await this.#contact.read(deadline).catch((error: unknown) => {
        throw isOutage(error) ? complaint.clockUnknown(this.#types, error, release) : error
      })
      const seen = successors(view, this.#types, this.owner.epoch, release)
      const dynos = seen.flatMap(({ dyno }) => dyno ?? [])
      const longestMs = Math.max(...seen.map(({ sinceMs = 0 }) => sinceMs))
      if (dynos.length > 0) this.#progress.quietEnded(this.elapsedMs - longestMs)
      const missing = seen.flatMap(({ type, dyno }) => (dyno === undefined ? type : []))
      if (missing.length === 0) return dynos
      if (this.elapsedMs >= deadline) throw complaint.clockNotSeen(missing, waitMs, release)
      await this.#contact.pause(
        Math.min(this.#around.numbers.lookEveryMs, Math.max(0, deadline - this.elapsedMs)),
      )
    }
  }

  /** Gives the participants back to their schedules, unless the drain was released, and watches them resume. Never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#contact.ended && (await this.#contact.finish('aborted'))) await this.#seeResumed()
    this.#contact.close()
  }

  async #seeResumed(): Promise<void> {
    const { host, keys, log, numbers, time, signal } = this.#around
    const until = time.now() + (signal.aborted ? CANCELLED_WATCH_MS : numbers.resumeWatchMs)
    while (this.#progress.held.length > 0 && time.now() < until) {
      try {
        this.#tell(await look(host, keys))
      } catch {
        break
      }
      if (this.#progress.held.length > 0) await this.#contact.wait(Math.min(250, numbers.lookEveryMs))
    }
    const held = this.#progress.held.map(({ dyno }) => dyno)
    if (held.length === 1)
      log.warning(
        `${held[0]} was told to go on and has not said that it does yet; it resumes by itself when its lease ends`,
      )
    else if (held.length > 1)
      log.warning(
        `${enumerate(held)} were told to go on and have not said that they do yet; they resume by themselves when their lease ends`,
      )
    if (this.#progress.held.length === 0) this.#progress.quietEnded(this.elapsedMs)
  }

  async #force(): Promise<void> {
    const answer = await this.#contact.insist(() => force(this.#around.host, this.#around.keys, this.owner))
    if (answer.kind === 'lost') throw complaint.leaseLost(answer.why, answer.asker)
  }

  #forgive(missing: readonly Shortage[]): void {
    const who = missing.map(({ type, have, need }) =>
      have === 0 ? `nobody takes part for ${type}` : `only ${have} of ${need} take part for ${type}`,
    )
    const all = [...who, complaint.absences(this.#absent(missing))].filter(Boolean).join(', ')
    this.#around.log.warning(`${all}; deploying all the same, as on-missing-clock: deploy says`)
    this.#forgiven = new Set([...this.#forgiven, ...missing.map(({ type }) => type)])
  }

  /** The dynos of the types of `missing` that Heroku says are up, and nobody has joined from. */
  #absent(missing: readonly Shortage[]): ExpectedDyno[] {
    const types = new Set(missing.map(({ type }) => type))
    const there = new Set(
      this.participants.flatMap(({ dyno, state }) => (state === 'silent' || state === 'exited' ? [] : dyno)),
    )
    return (this.#terms.expected ?? []).filter(({ dyno, type }) => types.has(type) && !there.has(dyno))
  }

  /** What is asked for, without the numbers that are forgiven: those that were there at the request must still be, and drained. */
  get #stillAsked(): AskedType[] {
    return this.#terms.asked.map((one) => (this.#forgiven.has(one.type) ? { ...one, atLeast: 0 } : one))
  }

  get #types(): string[] {
    return this.#terms.asked.map(({ type }) => type)
  }

  #judge(): Verdict {
    return judge(this.participants, { ...this.#terms, asked: this.#stillAsked }, this.#seenAtMs)
  }

  async #look(): Promise<void> {
    this.#tell(await this.#contact.read())
  }

  #tell(view: View): void {
    this.#seenAtMs = this.elapsedMs
    for (const line of linesOf(this.#progress.update(view, this.elapsedMs))) this.#around.log.info(line)
  }
}
