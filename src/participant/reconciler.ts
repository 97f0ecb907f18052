import type { BeatReply } from '../protocol/beat.ts'
import { isAbove } from '../protocol/epoch.ts'
import type { State } from '../protocol/row.ts'
import type { Numbers } from './numbers.ts'

/** Why a participant goes back to scheduling. */
export type ResumeReason = 'aborted' | 'lapsed' | 'own cap reached' | 'released, and no newer release came'

/** What the participant has to do after something happened. */
export type Effect =
  | { readonly kind: 'drain' }
  | { readonly kind: 'force' }
  | { readonly kind: 'resume'; readonly why: ResumeReason }

/**
 * The participant's state machine: brings what the participant does in line with the intent that each beat shows.
 * It does nothing itself; times are the participant's own monotonic ms, server times are named so.
 */
export class Reconciler {
  readonly #numbers: Numbers
  #state: State = 'booting'
  /** what the row's state answers */
  #epoch: string | undefined
  /** the highest epoch ever answered: a lower one is stale */
  #highest: string | undefined
  /** an epoch that was held up to the own cap: once is enough */
  #capped: string | undefined
  #forced = false
  #leaving = false
  #pushing = false
  #leftMs = 0
  #lapseAt = Number.POSITIVE_INFINITY
  #capAt = Number.POSITIVE_INFINITY
  #quietUntil: number | undefined
  #newerSeen = false
  /** server ms */
  #hold: number | undefined

  constructor(numbers: Numbers) {
    this.#numbers = numbers
  }

  /** What the next row says of the drain. */
  get standing(): { readonly state: State; readonly epoch?: string; readonly hold?: number } {
    return {
      state: this.#state,
      ...(this.#epoch !== undefined && { epoch: this.#epoch }),
      ...(this.#epoch !== undefined && this.#hold !== undefined && { hold: this.#hold }),
    }
  }

  get state(): State {
    return this.#state
  }

  /** Whether it is held or on its way there, so that nothing may be started. */
  get quiet(): boolean {
    return this.#state === 'draining' || this.#state === 'drained'
  }

  /** ms until the next beat, if nothing happens before. `deaf`: the doorbell can't be heard. */
  beatEveryMs(deaf: boolean): number {
    const { idleBeatMs, deafBeatMs, drainingBeatMs, heldBeatMs, pushingBeatMs, quietBeatMs } = this.#numbers
    if (!this.quiet) return deaf ? deafBeatMs : idleBeatMs
    if (this.#quietUntil !== undefined) return quietBeatMs
    if (this.#state === 'draining') return drainingBeatMs
    if (!this.#pushing) return heldBeatMs
    return Math.min(pushingBeatMs.most, Math.max(pushingBeatMs.least, this.#leftMs / 3))
  }

  /** When `expire` is due if no beat comes through before; infinite when nothing is held. */
  get expiresAt(): number {
    if (!this.quiet || this.#leaving) return Number.POSITIVE_INFINITY
    // Beats go on after a release, and each decides; this is for a server that went away meanwhile.
    if (this.#quietUntil !== undefined)
      return this.#newerSeen ? Number.POSITIVE_INFINITY : this.#quietUntil + this.#numbers.heldBeatMs
    return Math.min(this.#lapseAt, this.#capAt)
  }

  /** The answer to a beat arrived at `now`. */
  answered(reply: BeatReply, now: number): Effect[] {
    const inForce =
      reply.addressed && reply.leftMs > 0 && (reply.phase === 'draining' || reply.phase === 'pushing')
    if (this.#leaving) {
      if (inForce && this.quiet && !isAbove(this.#highest ?? '0', reply.epoch)) this.#bind(reply, now)
      return []
    }
    if (this.quiet) return this.#answeredWhileQuiet(reply, inForce, now)
    const asked = inForce && !isAbove(this.#highest ?? '0', reply.epoch) && reply.epoch !== this.#capped
    if (this.#state === 'failed') {
      if (reply.epoch === this.#epoch && inForce) return []
      this.#epoch = undefined
      this.#state = 'running'
    }
    if (asked) {
      // At boot nothing runs yet, so there is nothing to drain: it is held at once.
      const booting = this.#state === 'booting'
      this.#state = booting ? 'drained' : 'draining'
      this.#capAt = now + this.#numbers.maxHoldMs
      this.#bind(reply, now)
      if (booting) return []
      return reply.force ? [{ kind: 'drain' }, this.#force()] : [{ kind: 'drain' }]
    }
    this.#state = 'running'
    return []
  }

  /** Time passed without an answer: what lapsed on the participant's own clock. */
  expire(now: number): Effect[] {
    if (now < this.expiresAt) return []
    if (this.#quietUntil !== undefined) return this.#resume('released, and no newer release came')
    if (now >= this.#capAt) {
      this.#capped = this.#epoch
      return this.#resume('own cap reached')
    }
    return this.#resume('lapsed')
  }

  /** The app's drain handler is done: nothing runs and nothing starts. */
  drained(): void {
    if (this.#state === 'draining') this.#state = 'drained'
  }

  /** The app's drain handler failed: it can't be drained for this epoch and goes on scheduling. */
  failed(): void {
    if (this.#state !== 'draining') return
    this.#state = 'failed'
    this.#forget()
  }

  /** The boot barrier gave up waiting for the server. */
  startAnyway(): void {
    if (this.#state === 'booting') this.#state = 'running'
  }

  /** SIGTERM, or the app leaves: from here on it never resumes. */
  leave(): Effect[] {
    this.#leaving = true
    if (this.#state === 'booting') this.#state = 'drained'
    if (this.quiet) return []
    this.#state = 'draining'
    return [{ kind: 'drain' }]
  }

  /** Everything is done and the process ends. */
  exit(): void {
    this.#state = 'exited'
  }

  #answeredWhileQuiet(reply: BeatReply, inForce: boolean, now: number): Effect[] {
    // Missing, or older than what holds it: nothing that could end the hold early. It lapses by itself.
    if (reply.epoch === '' || isAbove(this.#epoch ?? '0', reply.epoch)) return this.expire(now)
    if (inForce) {
      if (reply.epoch !== this.#epoch) this.#forced = false
      this.#bind(reply, now)
      const expired = this.expire(now)
      if (expired.length > 0) return expired
      return reply.force && !this.#forced && this.#state === 'draining' ? [this.#force()] : []
    }
    if (reply.phase === 'aborted') return this.#resume('aborted')
    if (reply.phase === 'lapsed') return this.#resume('lapsed')
    if (reply.phase === 'released') {
      this.#quietUntil ??= now + this.#numbers.quietAfterReleaseMs
      this.#newerSeen ||= reply.newer
      return now >= this.#quietUntil && !reply.newer
        ? this.#resume('released, and no newer release came')
        : []
    }
    return this.expire(now)
  }

  #bind(reply: BeatReply, now: number): void {
    this.#epoch = reply.epoch
    this.#highest = reply.epoch
    this.#pushing = reply.phase === 'pushing'
    this.#quietUntil = undefined
    this.#leftMs = reply.leftMs
    this.#lapseAt = now + reply.leftMs
    // `reply.now` is older than `now`, so the cap comes out too early on the server's clock, never too late.
    this.#hold = Math.floor(Math.min(reply.expiry, reply.now + (this.#capAt - now)))
  }

  #force(): Effect {
    this.#forced = true
    return { kind: 'force' }
  }

  #resume(why: ResumeReason): Effect[] {
    this.#state = 'running'
    this.#epoch = undefined
    this.#forget()
    return [{ kind: 'resume', why }]
  }

  #forget(): void {
    this.#forced = false
    this.#pushing = false
    this.#quietUntil = undefined
    this.#newerSeen = false
    this.#lapseAt = Number.POSITIVE_INFINITY
    this.#capAt = Number.POSITIVE_INFINITY
    this.#hold = undefined
  }
}
