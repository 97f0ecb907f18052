import type { GateKeys } from './keys.ts'
import type { Owner } from './owner.ts'
import { ReplyReader } from './reply.ts'
import { FORGOTTEN_MS, parseRow, type Row } from './row.ts'
import { run, type ScriptHost, script } from './script.ts'
import lookBody from './scripts/look.lua'

const lookScript = script('look', lookBody)

/** The intent as it is stored. */
export interface Intent extends Owner {
  readonly v: string
  readonly phase: string
  /** ms that each renewal of its asker gives */
  readonly leaseMs: number
  /** when the lease was last given, server ms; absent where another version does not say */
  readonly given?: number
  /** server ms */
  readonly expiry: number
  /** when it was asked for, server ms */
  readonly began: number
  /** when the gate opened, server ms */
  readonly committed?: number
  /** when it was released or aborted, server ms */
  readonly finished?: number
  /** the release that is replaced; empty when unknown */
  readonly replaces: string
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
  const reply = new ReplyReader('look', await run(host, lookScript, [keys.intent, keys.roster], []))
  const now = reply.number()
  const fields = pairs(reply.list())
  const rows = pairs(reply.list()).flatMap(([id, text]) => {
    const row = parseRow(id, text)
    return row && row.seen <= now + FORGOTTEN_MS ? row : []
  })
  const field = Object.fromEntries(fields)
  const intent = field.id && {
    v: field.v ?? '',
    id: field.id,
    epoch: field.epoch ?? '',
    phase: field.phase ?? '',
    leaseMs: Number(field.lease ?? 0),
    ...(field.given !== undefined && { given: Number(field.given) }),
    expiry: Number(field.expiry),
    began: Number(field.began ?? 0),
    ...(field.committed !== undefined && { committed: Number(field.committed) }),
    ...(field.finished !== undefined && { finished: Number(field.finished) }),
    replaces: field.replaces ?? '',
    asker: field.asker ?? '',
    targets: fields.flatMap(([name]) => (name.startsWith('target:') ? [name.slice('target:'.length)] : [])),
  }
  return { now, intent: intent || undefined, rows }
}

/** Twice the longest lease: one that says more was not written by a deployer. As in prelude.lua. */
const LONGEST_LEASE_MS = 7_200_000

/** Whether the drain is asked for now: neither finished nor lapsed. */
export function isInForce({ phase, expiry }: Intent, now: number): boolean {
  return (phase === 'draining' || phase === 'pushing') && expiry > now && expiry <= now + LONGEST_LEASE_MS
}

/** When the lease was last given, server ms: by a renewal, if not by the request or the commit. */
export function lastGiven({ given, expiry, leaseMs }: Intent): number {
  return given ?? expiry - leaseMs
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? '', flat[2 * at + 1] ?? ''])
}
