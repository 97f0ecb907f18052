/** What a participant can be doing, as its row says it. */
export const STATES = ['booting', 'running', 'draining', 'drained', 'failed', 'exited'] as const
export type State = (typeof STATES)[number]

/** The protocol version that rows and intents carry. */
export const PROTOCOL_VERSION = '1'

/** What a participant writes of itself with each beat. Flat, small, no empty lists: the scripts re-encode it. */
export interface OwnRow {
  readonly v: string
  /** process type: `clock` */
  readonly type: string
  /** `clock.1` */
  readonly dyno: string
  readonly app?: string
  /** `v42`, where the dyno knows it */
  readonly release?: string
  readonly state: State
  /** the epoch that `state` answers; absent while no drain was answered */
  readonly epoch?: string
  /** until when it will surely hold: the last lease expiry it received, or its own cap if that is earlier; server ms */
  readonly hold?: number
  /** jobs running now */
  readonly running: number
  /** jobs that ended by themselves since the drain began */
  readonly finished: number
  /** jobs that were put away to be run later since the drain began */
  readonly stored: number
  /** what it wants a person to read: at most `NOTE_LENGTH` characters */
  readonly note?: string
}

/** A row as the roster holds it: what the participant wrote and what the server stamped. Server ms. */
export interface Row extends OwnRow {
  readonly id: string
  readonly joined: number
  readonly seen: number
  /** counts as alive up to here */
  readonly until: number
  /** the epoch whose commit came before this boot: it runs what that deploy brought */
  readonly after?: string
}

/** After so many ms without a beat a row is forgotten; nobody is alive, and no clock was wrong, for longer. As in prelude.lua. */
export const FORGOTTEN_MS = 600_000

/** Characters of a note; the server refuses rows over 4,096 bytes. */
export const NOTE_LENGTH = 200

/** The row of `id`, or `undefined` when `text` is none. Unknown fields are left out, texts are cut to a sane length. */
export function parseRow(id: string, text: string): Row | undefined {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof raw !== 'object' || raw === null) return undefined
  const fields = raw as Record<string, unknown>
  const word = (name: string) => {
    const value = fields[name]
    return typeof value === 'string' && value !== '' ? value.slice(0, NOTE_LENGTH) : undefined
  }
  const count = (name: string) => {
    const value = fields[name]
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined
  }
  const [v, type, dyno, state] = [
    word('v'),
    word('type'),
    word('dyno'),
    STATES.find((known) => known === fields.state),
  ]
  const [joined, seen, until] = [count('joined'), count('seen'), count('until')]
  if (!v || !type || !dyno || !state || joined === undefined || seen === undefined || until === undefined)
    return undefined
  const optional = {
    app: word('app'),
    release: word('release'),
    epoch: word('epoch'),
    hold: count('hold'),
    note: word('note'),
    after: word('after'),
  }
  return {
    id,
    v,
    type,
    dyno,
    state,
    joined,
    seen,
    until: Math.min(until, seen + FORGOTTEN_MS),
    running: count('running') ?? 0,
    finished: count('finished') ?? 0,
    stored: count('stored') ?? 0,
    ...(Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== undefined),
    ) as Partial<Row>),
  }
}

/** Whether the participant of `row` counted as alive at `now` (server ms). */
export function isAlive(row: Row, now: number): boolean {
  return row.state !== 'exited' && row.until >= now
}
