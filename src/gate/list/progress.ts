import { NOTE_LENGTH } from '../../protocol/row.ts'
import type { HeldParticipant } from '../held.ts'
import { type ListView, MOST_ELEMENTS } from './lists.ts'

/**
 * Follows the requests of one deploy from view to view, and says what changed. Requests and answers bear no names: the first answer is
 * put down to whoever took the first request.
 */
export class ListProgress {
  readonly #type: string
  readonly #count: number
  readonly #takers: { -readonly [K in keyof HeldParticipant]: HeldParticipant[K] }[] = []
  #answered = 0
  #early = 0
  #texts: readonly string[] = []
  #quietToMs: number | undefined

  constructor(types: readonly string[], count: number) {
    this.#type = types.join(' or ')
    this.#count = count
  }

  /** Whoever took a request. */
  get participants(): readonly HeldParticipant[] {
    return this.#takers
  }

  /** How long whoever took a request was not scheduling, up to `nowMs` if that still goes on; `undefined` if nobody took one. */
  quietMs(nowMs: number): number | undefined {
    const from = this.#takers[0]?.acceptedMs
    return from === undefined ? undefined : (this.#quietToMs ?? nowMs) - from
  }

  /** A clock schedules again: the new release's, or the old one's. */
  quietEnded(atMs: number): void {
    this.#quietToMs ??= atMs
  }

  /** Takes in what was read `atMs` after the request; returns a line for each change. */
  update({ taken, answered, early, texts }: ListView, atMs: number): string[] {
    const lines: string[] = []
    while (this.#takers.length < Math.min(taken, this.#count)) {
      const number = this.#takers.length + 1
      const dyno = this.#count === 1 ? this.#type : `${this.#type} ${number} of ${this.#count}`
      const id = `request ${number}`
      this.#takers.push({ id, dyno, type: this.#type, state: 'draining', seenMs: 0, acceptedMs: atMs })
      lines.push(`${dyno} took the request`)
    }
    const arrived = arrivals(this.#texts, texts)
    this.#texts = texts
    for (; this.#early < Math.min(early, MOST_ELEMENTS); this.#early++) {
      lines.push(
        `an answer came before its request was taken, so it is late for an earlier one: ${said(arrived)}; it does not count`,
      )
    }
    for (; this.#answered < answered; this.#answered++) {
      const taker = this.#takers[this.#answered]
      if (taker === undefined) break
      const text = said(arrived)
      Object.assign(taker, { state: 'drained', drainedMs: atMs, note: text })
      lines.push(`${taker.dyno} answered ${text}`)
    }
    return lines
  }
}

/** The next answer, in quotes. */
function said(arrived: string[]): string {
  return JSON.stringify((arrived.shift() ?? '').slice(0, NOTE_LENGTH - 2))
}

/** What has come into a list since it was `before`, oldest first: some push at its left end, some at its right. */
function arrivals(before: readonly string[], now: readonly string[]): string[] {
  const added = Math.max(0, now.length - before.length)
  const atRight = before.length > 0 && before.every((text, index) => now[index] === text)
  return atRight ? now.slice(before.length) : now.slice(0, added).reverse()
}
