import type { HeldParticipant } from '../../gate/held.ts'
import { DeployError } from '../../outcome.ts'
import type { Time } from '../../time.ts'
import { type DrainEvent, isEvent, readEvent, type Standing } from '../attended.ts'
import type { FollowedHold } from '../story.ts'

type EventName = DrainEvent['event']

/** A drain that somebody else carries out, as its events tell it. */
export class ToldDrain implements FollowedHold {
  readonly #time: Time
  readonly #onAsked: () => void
  readonly #participants = new Map<string, HeldParticipant>()
  readonly #told = new Map<EventName, DrainEvent>()
  readonly #waiting = new Map<EventName, () => void>()
  #standing: Standing = { elapsedMs: 0 }
  #standingAt: number
  #goesOn = false
  readonly #foreign = Promise.withResolvers<string>()
  #isForeign = false

  /** @param onAsked called when the drain is in force */
  constructor(time: Time, onAsked: () => void) {
    this.#time = time
    this.#onAsked = onAsked
    this.#standingAt = time.now()
  }

  get participants(): readonly HeldParticipant[] {
    return [...this.#participants.values()]
  }

  get elapsedMs(): number {
    return this.#standing.elapsedMs + this.#sinceMs
  }

  get quietMs(): number | undefined {
    const { quietMs } = this.#standing
    return quietMs === undefined ? undefined : quietMs + this.#sinceMs
  }

  /** The failure that it told of. */
  get failure(): DeployError | undefined {
    const told = this.#told.get('failed')
    return told?.event === 'failed' ? new DeployError(told.outcome, told.message, told.next) : undefined
  }

  /** Resolves with the version of the conversation when it turns out to be another one than this. */
  get foreign(): Promise<string> {
    return this.#foreign.promise
  }

  get isForeign(): boolean {
    return this.#isForeign
  }

  hasTold(name: EventName): boolean {
    return this.#told.has(name)
  }

  /** Takes a line of the output. @returns whether it was an event: if not, it belongs to the log */
  take(line: string): boolean {
    if (!isEvent(line)) return false
    const event = readEvent(line)
    if (event === undefined) return true
    if ('foreign' in event) {
      this.#isForeign = true
      this.#foreign.resolve(event.foreign)
      return true
    }
    if (event.event === 'participant') this.#participants.set(event.participant.id, event.participant)
    else this.#goesOn = GOING_ON.includes(event.event)
    if (event.standing !== undefined) {
      this.#standing = event.standing
      this.#standingAt = this.#time.now()
    }
    this.#told.set(event.event, event)
    if (event.event === 'asked') this.#onAsked()
    this.#waiting.get(event.event)?.()
    return true
  }

  /** The drain is not heard of any more. */
  broke(): void {
    this.#standing = { ...this.#standing, elapsedMs: this.elapsedMs }
    this.#goesOn = false
  }

  /** Resolves when it has told this. One wait for each event. */
  async event<N extends EventName>(name: N): Promise<DrainEvent & { readonly event: N }> {
    if (!this.#told.has(name)) await new Promise<void>((resolve) => this.#waiting.set(name, resolve))
    return this.#told.get(name) as DrainEvent & { readonly event: N }
  }

  get #sinceMs(): number {
    return this.#goesOn ? this.#time.now() - this.#standingAt : 0
  }
}

/** After these nobody schedules yet whom it has brought to rest. */
const GOING_ON: readonly EventName[] = ['asked', 'open', 'released']
