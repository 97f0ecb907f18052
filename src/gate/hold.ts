import { enumerate } from '../enumerate.ts'
import { commit } from '../protocol/commit.ts'
import { force } from '../protocol/drain.ts'
import { look, type View } from '../protocol/look.ts'
import type { Owner } from '../protocol/owner.ts'
import * as complaint from './complaint.ts'
import { Contact } from './contact.ts'
import type { Surroundings } from './gate.ts'
import type { Held } from './held.ts'
import { isOutage } from './outage.ts'
import { type ParticipantProgress, Progress } from './progress.ts'
import { awaitTold } from './quiet.ts'
import { successors } from './successor.ts'
import { linesOf } from './telling.ts'
import type { DrainTerms } from './terms.ts'
import { judge, type Verdict } from './verdict.ts'

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
  /** types nobody takes part with, and that is accepted */
  #forgiven: ReadonlySet<string> = new Set()

  constructor(around: Surroundings, owner: Owner, terms: DrainTerms, sentAt: number, leftMs: number) {
    this.owner = owner
    this.#around = around
    this.#terms = terms
    this.#progress = new Progress(owner.epoch, this.#types)
    this.#contact = new Contact(around, owner, sentAt, leftMs)
  }

  /** Starts listening. */
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
    for (;;) {
      await this.#look()
      const verdict = this.#judge()
      if (verdict.refused.length > 0) throw complaint.refused(verdict.refused)
      if (verdict.late.length > 0) throw complaint.notAcknowledged(verdict.late, acknowledgeTimeoutMs)
      const fatal = verdict.missing.filter(({ forgivable }) => !forgivable)
      if (fatal.length > 0) throw complaint.missingClock(fatal, acknowledgeTimeoutMs)
      this.#forgive(verdict.missing.map(({ type }) => type))
      const short = verdict.short.filter(({ type }) => !this.#forgiven.has(type))
      if (verdict.undrained.length === 0 && short.length === 0) return true
      if (this.elapsedMs >= deadline) {
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
    const { host, keys, numbers, log, time } = this.#around
    const asked = new Map(
      this.#terms.asked.map(({ type, atLeast }) => [type, this.#forgiven.has(type) ? 0 : atLeast]),
    )
    const deadline = this.elapsedMs + numbers.marginMs
    let told = ''
    for (;;) {
      let sentAt = time.now()
      const { marginMs, pushLeaseMs } = numbers
      const answer = await this.#contact.insist(() => {
        sentAt = time.now()
        return commit(host, keys, this.owner, { marginMs, pushLeaseMs, asked, anyway })
      })
      if (answer.kind === 'granted') {
        this.#contact.lease.extended(sentAt, answer.leftMs)
        // An answer that was read so late says nothing of now: this process may have been stopped in between.
        if (time.now() - sentAt < marginMs) return
        continue
      }
      if (answer.kind === 'lost') throw complaint.leaseLost(answer.why, answer.asker)
      const why = complaint.blockers(answer.blockers)
      // The details count up and down; who blocks and by what is the news.
      const news = answer.blockers
        .map(({ id, type, why }) => `${id} ${type} ${why}`)
        .sort()
        .join()
      if (news !== told) log.info(`the gate stays shut: ${why}`)
      told = news
      if (answer.blockers.some(({ why }) => why === 'failed')) await this.drained()
      if (this.elapsedMs >= deadline) throw complaint.neverOpened(why)
      await this.#contact.pause(Math.min(numbers.lookEveryMs, 1_000))
      await this.#look()
    }
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
      if (dynos.length > 0) this.#progress.quietEnded(this.elapsedMs)
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

  #forgive(types: readonly string[]): void {
    const more = types.filter((type) => !this.#forgiven.has(type))
    if (more.length === 0) return
    this.#around.log.warning(
      `nobody takes part for ${more.join(', ')}; deploying all the same, as on-missing-clock: deploy says`,
    )
    this.#forgiven = new Set([...this.#forgiven, ...more])
  }

  get #types(): string[] {
    return this.#terms.asked.map(({ type }) => type)
  }

  #judge(): Verdict {
    return judge(this.participants, this.#terms, this.elapsedMs)
  }

  async #look(): Promise<void> {
    this.#tell(await this.#contact.read())
  }

  #tell(view: View): void {
    for (const line of linesOf(this.#progress.update(view, this.elapsedMs))) this.#around.log.info(line)
  }
}
