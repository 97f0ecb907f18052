import { formatDuration } from '../duration.ts'
import type { View } from '../protocol/look.ts'
import { isAlive, PROTOCOL_VERSION, type Row, type State } from '../protocol/row.ts'

/** What one participant did, in ms since the request. Texts come from the participant: escape them before showing. */
export interface ParticipantProgress {
  readonly id: string
  readonly dyno: string
  readonly type: string
  state: State | 'silent'
  /** whether it was there at the request */
  readonly fromStart: boolean
  /** when it was first seen */
  readonly seenMs: number
  acceptedMs?: number
  drainedMs?: number
  /** when it was seen scheduling again */
  resumedMs?: number
  running: number
  finished: number
  stored: number
  /** jobs that ran when it was lost */
  lost: number
  note?: string
  /** the version of the protocol that it speaks, where that is not this one's: it can't be asked */
  foreign?: string
}

/** Something that a participant did. */
export interface Change {
  readonly of: ParticipantProgress
  readonly kind:
    | 'asked'
    | 'foreign'
    | 'accepted'
    | 'progress'
    | 'drained'
    | 'refused'
    | 'ended'
    | 'resumed'
    | 'silent'
    | 'gone'
  /** what it did, for a log */
  readonly line: string
}

/** `localeCompare` makes one of these for each two that it compares. */
const byName = new Intl.Collator('en', { numeric: true })

/** Follows the participants of one drain from view to view, and says what changed. */
export class Progress {
  readonly #participants = new Map<string, ParticipantProgress>()
  readonly #epoch: string
  readonly #types: ReadonlySet<string>
  #started = false
  #quietFromMs: number | undefined
  #quietToMs: number | undefined

  constructor(epoch: string, types: Iterable<string>) {
    this.#epoch = epoch
    this.#types = new Set(types)
  }

  get participants(): readonly ParticipantProgress[] {
    return [...this.#participants.values()].sort(
      (a, b) => byName.compare(a.dyno, b.dyno) || a.seenMs - b.seenMs,
    )
  }

  /** Those that stopped for the drain and are neither scheduling again nor gone. */
  get held(): readonly ParticipantProgress[] {
    return this.participants.filter(({ state }) => state === 'draining' || state === 'drained')
  }

  /** How long no asked participant was scheduling, up to `nowMs` if that still goes on; `undefined` if nobody ever stopped. */
  quietMs(nowMs: number): number | undefined {
    return this.#quietFromMs === undefined ? undefined : (this.#quietToMs ?? nowMs) - this.#quietFromMs
  }

  /** A clock schedules again: the new release's, or the old one's. */
  quietEnded(atMs: number): void {
    this.#quietToMs ??= atMs
  }

  /** Takes in what was read `atMs` after the request; returns what changed. */
  update(view: View, atMs: number): Change[] {
    const targets = new Set(view.intent?.epoch === this.#epoch ? view.intent.targets : [])
    const changes: Change[] = []
    for (const row of view.rows) {
      const known = this.#participants.get(row.id)
      if (!known && !targets.has(row.id)) continue
      if (!known && !this.#types.has(row.type)) continue
      changes.push(...this.#take(row, view.now, known, atMs))
    }
    const there = new Set(view.rows.map(({ id }) => id))
    for (const one of this.#participants.values()) {
      if (one.state === 'silent' || one.state === 'exited' || there.has(one.id)) continue
      one.state = 'silent'
      one.lost = one.running
      changes.push({ of: one, kind: 'gone', line: `${one.dyno} is gone from the roster${lostJobs(one)}` })
    }
    this.#started = true
    return changes
  }

  #take(row: Row, now: number, known: ParticipantProgress | undefined, atMs: number): Change[] {
    const one = known ?? {
      id: row.id,
      dyno: row.dyno,
      type: row.type,
      state: 'running',
      fromStart: !this.#started,
      seenMs: atMs,
      running: 0,
      finished: 0,
      stored: 0,
      lost: 0,
    }
    this.#participants.set(row.id, one)
    const before = { ...one }
    if (row.state !== 'exited' && !isAlive(row, now)) {
      if (before.state === 'silent') return []
      one.state = 'silent'
      one.lost = one.running
      const silence = formatDuration(now - row.seen)
      return [
        { of: one, kind: 'silent', line: `${one.dyno} has not been heard of for ${silence}${lostJobs(one)}` },
      ]
    }
    if (row.v !== PROTOCOL_VERSION) {
      one.foreign = row.v
      return known
        ? []
        : [
            {
              of: one,
              kind: 'foreign',
              line: `${one.dyno} speaks version ${row.v} of the drain protocol, this deploy version ${PROTOCOL_VERSION}: it can't be asked`,
            },
          ]
    }
    const answers = row.epoch === this.#epoch
    if (!answers && row.state !== 'exited') {
      // What it says of another drain is no answer to this one.
      one.state = row.state === 'booting' ? 'booting' : 'running'
      if (!known) return [{ of: one, kind: 'asked', line: `${one.dyno} is asked to drain` }]
      if (row.state !== 'running' || one.acceptedMs === undefined || one.resumedMs !== undefined) return []
      one.resumedMs = atMs
      return [{ of: one, kind: 'resumed', line: `${one.dyno} is scheduling again` }]
    }
    Object.assign(one, {
      state: row.state,
      running: row.running,
      finished: row.finished,
      stored: row.stored,
      lost: 0,
    })
    if (row.note === undefined) delete one.note
    else one.note = row.note
    if (row.state === 'draining' || row.state === 'drained') {
      this.#quietFromMs ??= atMs
      one.acceptedMs ??= atMs
    }
    if (row.state === 'drained') one.drainedMs ??= atMs
    return this.#describe(before, one, known === undefined)
  }

  #describe(before: ParticipantProgress, one: ParticipantProgress, isNew: boolean): Change[] {
    const jobs = `${count(one.running, 'job')} running, ${one.finished} finished, ${one.stored} stored`
    const note = one.note ? ` (${one.note})` : ''
    const change = (kind: Change['kind'], did: string): Change[] => [
      { of: one, kind, line: `${one.dyno}${did}` },
    ]
    if (one.state !== before.state || (isNew && one.state !== 'running')) {
      if (one.state === 'drained')
        return change('drained', ` is drained: ${one.finished} finished, ${one.stored} stored${note}`)
      if (one.state === 'draining') return change('accepted', ` accepted: ${jobs}${note}`)
      if (one.state === 'failed') return change('refused', ` refuses to drain${note}`)
      if (one.state === 'exited') return change('ended', ' ended; waiting for Heroku to start it again')
    }
    const same =
      one.running === before.running &&
      one.finished === before.finished &&
      one.stored === before.stored &&
      one.note === before.note
    return same || one.state !== 'draining' ? [] : change('progress', `: ${jobs}${note}`)
  }
}

/** `1 job`, `2 jobs`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

function lostJobs({ lost }: ParticipantProgress): string {
  return lost > 0 ? `; ${count(lost, 'job')} ran in it and ${lost === 1 ? 'is' : 'are'} lost` : ''
}
