import type { GateKeys } from './keys.ts'
import { ReplyReader } from './reply.ts'
import { type OwnRow, parseRow, type Row } from './row.ts'
import { run, type ScriptHost, script } from './script.ts'
import acquireBody from './scripts/acquire.lua'
import beatBody from './scripts/beat.lua'
import commitBody from './scripts/commit.lua'
import finishBody from './scripts/finish.lua'
import forceBody from './scripts/force.lua'
import lookBody from './scripts/look.lua'
import renewBody from './scripts/renew.lua'

const SCRIPTS = {
  acquire: script('acquire', acquireBody),
  beat: script('beat', beatBody),
  commit: script('commit', commitBody),
  finish: script('finish', finishBody),
  force: script('force', forceBody),
  look: script('look', lookBody),
  renew: script('renew', renewBody),
}

/** Process types and how many participants of each at least. */
export type Asked = ReadonlyMap<string, number>

/** Who holds an epoch. */
export interface Owner {
  /** random and unique for each deploy */
  readonly id: string
  /** the fencing number: digits, never a number, it has more of them than some JSON writers keep */
  readonly epoch: string
}

/** Why an intent is not the caller's any more. */
export type LostReason = 'missing' | 'superseded' | 'finished' | 'lapsed'
export interface Lost {
  readonly kind: 'lost'
  readonly why: LostReason
  /** the asker in force, as it described itself; empty if there is none */
  readonly asker: string
}

export type Acquired =
  | { readonly kind: 'granted'; readonly epoch: string; readonly leftMs: number }
  | { readonly kind: 'done'; readonly phase: string }
  | { readonly kind: 'late' }
  | { readonly kind: 'version'; readonly theirs: string }
  | { readonly kind: 'busy'; readonly asker: string; readonly leftMs: number; readonly phase: string }

/** Puts a drain in force unless another is. Executed twice for one `id` it answers the same. */
export async function acquire(
  host: ScriptHost,
  keys: GateKeys,
  request: {
    readonly id: string
    readonly leaseMs: number
    /** server ms after which the request is void */
    readonly notAfter: number
    readonly asker: string
    /** the release that will be replaced, `v42`; empty when unknown */
    readonly replaces: string
    readonly asked: Asked
  },
): Promise<Acquired> {
  const { id, leaseMs, notAfter, asker, replaces, asked } = request
  const reply = new ReplyReader(
    'acquire',
    await run(
      host,
      SCRIPTS.acquire,
      [keys.intent, keys.epoch, keys.roster],
      [id, leaseMs, notAfter, asker, replaces, keys.doorbell, ...[...asked].flat()],
    ),
  )
  switch (reply.text()) {
    case 'granted':
      return { kind: 'granted', epoch: reply.text(), leftMs: reply.number() }
    case 'done':
      return { kind: 'done', phase: reply.text() }
    case 'late':
      return { kind: 'late' }
    case 'version':
      return { kind: 'version', theirs: reply.text() }
    case 'busy':
      return { kind: 'busy', asker: reply.text(), leftMs: reply.number(), phase: reply.text() }
    default:
      throw reply.unknown()
  }
}

/** Extends the lease to `leaseMs` from now; never shortens it, never revives it. */
export async function renew(
  host: ScriptHost,
  keys: GateKeys,
  { id, epoch }: Owner,
  leaseMs: number,
): Promise<{ readonly kind: 'renewed'; readonly leftMs: number } | Lost> {
  const reply = new ReplyReader('renew', await run(host, SCRIPTS.renew, [keys.intent], [id, epoch, leaseMs]))
  const kind = reply.text()
  if (kind === 'renewed') return { kind, leftMs: reply.number() }
  return lostReply(kind, reply)
}

/** The phase as a participant sees it. `lapsed`: never finished, and its lease ran out. Empty: there is no intent. */
export type Phase = '' | 'draining' | 'pushing' | 'released' | 'aborted' | 'lapsed'
const PHASES: readonly Phase[] = ['', 'draining', 'pushing', 'released', 'aborted', 'lapsed']

/** The answer to a beat. */
export interface BeatReply {
  /** server ms */
  readonly now: number
  /** of the intent that is there, whoever it addresses; empty if there is none */
  readonly epoch: string
  readonly phase: Phase
  /** of the lease, as the server sees it; 0 when no drain is in force */
  readonly leftMs: number
  /** of the lease, server ms: what the next row echoes as its hold */
  readonly expiry: number
  readonly addressed: boolean
  readonly force: boolean
  /** a participant of a newer release is there; looked up only for an addressed participant after a release */
  readonly newer: boolean
}

/**
 * Writes the participant's row and returns what is asked of it.
 * @param everyMs when the next beat will come at the latest
 * @param first whether this boot has had no answer yet
 */
export async function beat(
  host: ScriptHost,
  keys: GateKeys,
  id: string,
  row: OwnRow,
  everyMs: number,
  first: boolean,
): Promise<BeatReply> {
  const reply = new ReplyReader(
    'beat',
    await run(
      host,
      SCRIPTS.beat,
      [keys.intent, keys.roster],
      [id, JSON.stringify(row), Math.round(everyMs), first ? '1' : '', keys.reports],
    ),
  )
  reply.text()
  const [now, epoch, phase] = [reply.number(), reply.text(), reply.text()]
  const known = PHASES.find((name) => name === phase)
  if (known === undefined) throw reply.unknown()
  return {
    now,
    epoch,
    phase: known,
    leftMs: reply.number(),
    expiry: reply.number(),
    addressed: reply.number() === 1,
    force: reply.number() === 1,
    newer: reply.number() === 1,
  }
}

/** Who keeps the gate shut, and why. */
export interface Blocker {
  readonly why:
    | 'unanswered'
    | 'draining'
    | 'failed'
    | 'running'
    | 'booting'
    | 'silent'
    | 'gone'
    | 'short-hold'
    | 'too-few'
    | 'short-lease'
  /** empty for `too-few` and `short-lease` */
  readonly dyno: string
  readonly type: string
  /** running jobs; for `silent`, ms since last heard; for `short-hold`, ms left; for `too-few`, `held/needed` */
  readonly detail: string
  readonly id: string
}

export type Committed =
  | { readonly kind: 'granted'; readonly leftMs: number }
  | { readonly kind: 'blocked'; readonly blockers: readonly Blocker[] }
  | Lost

/** Opens the gate if everybody asked for is drained at this epoch and stays so for `marginMs`; with `anyway`, regardless. */
export async function commit(
  host: ScriptHost,
  keys: GateKeys,
  { id, epoch }: Owner,
  terms: {
    readonly marginMs: number
    readonly pushLeaseMs: number
    readonly asked: Asked
    readonly anyway?: boolean
  },
): Promise<Committed> {
  const { marginMs, pushLeaseMs, asked, anyway } = terms
  const reply = new ReplyReader(
    'commit',
    await run(
      host,
      SCRIPTS.commit,
      [keys.intent, keys.roster],
      [id, epoch, marginMs, pushLeaseMs, anyway ? 'anyway' : 'strict', keys.doorbell, ...[...asked].flat()],
    ),
  )
  const kind = reply.text()
  if (kind === 'granted') return { kind, leftMs: reply.number() }
  if (kind !== 'blocked') return lostReply(kind, reply)
  const blockers: Blocker[] = []
  while (reply.more) {
    const why = reply.text() as Blocker['why']
    blockers.push({ why, dyno: reply.text(), type: reply.text(), detail: reply.text(), id: reply.text() })
  }
  return { kind, blockers }
}

/** Tells the participants to abort what runs, store it, and acknowledge. */
export async function force(
  host: ScriptHost,
  keys: GateKeys,
  { id, epoch }: Owner,
): Promise<{ kind: 'forced' } | Lost> {
  const reply = new ReplyReader(
    'force',
    await run(host, SCRIPTS.force, [keys.intent], [id, epoch, keys.doorbell]),
  )
  const kind = reply.text()
  return kind === 'forced' ? { kind } : lostReply(kind, reply)
}

/** How a drain ends: the new release runs, or everybody goes back to scheduling. */
export type Ending = 'released' | 'aborted'

/**
 * Ends a drain. By anybody but its owner, or a second time, it changes nothing.
 * @param owner with an empty `epoch` when the owner died before it learned it
 */
export async function finish(
  host: ScriptHost,
  keys: GateKeys,
  { id, epoch }: Owner,
  ending: Ending,
): Promise<'finished' | 'already' | 'not-ours'> {
  const reply = new ReplyReader(
    'finish',
    await run(host, SCRIPTS.finish, [keys.intent], [id, epoch, ending, keys.doorbell]),
  )
  const kind = reply.text()
  if (kind === 'finished' || kind === 'already' || kind === 'not-ours') return kind
  throw reply.unknown()
}

/** The intent as it is stored. */
export interface Intent extends Owner {
  readonly v: string
  readonly phase: string
  /** server ms */
  readonly expiry: number
  readonly asker: string
  /** ids of the participants it addresses */
  readonly targets: readonly string[]
}

/** Everything a gate knows, read in one step. */
export interface View {
  /** server ms */
  readonly now: number
  readonly intent: Intent | undefined
  readonly rows: readonly Row[]
}

/** Reads the intent and the roster; changes nothing. Rows that are none are left out. */
export async function look(host: ScriptHost, keys: GateKeys): Promise<View> {
  const reply = new ReplyReader('look', await run(host, SCRIPTS.look, [keys.intent, keys.roster], []))
  const now = reply.number()
  const fields = pairs(reply.list())
  const rows = pairs(reply.list()).flatMap(([id, text]) => parseRow(id, text) ?? [])
  const field = Object.fromEntries(fields)
  const intent = field.id && {
    v: field.v ?? '',
    id: field.id,
    epoch: field.epoch ?? '',
    phase: field.phase ?? '',
    expiry: Number(field.expiry),
    asker: field.asker ?? '',
    targets: fields.flatMap(([name]) => (name.startsWith('target:') ? [name.slice('target:'.length)] : [])),
  }
  return { now, intent: intent || undefined, rows }
}

function lostReply(kind: string, reply: ReplyReader): Lost {
  if (kind !== 'lost') throw reply.unknown()
  const why = reply.text() as LostReason
  return { kind, why, asker: reply.more ? reply.text() : '' }
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? '', flat[2 * at + 1] ?? ''])
}
