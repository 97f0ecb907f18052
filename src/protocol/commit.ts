import type { GateKeys } from './keys.ts'
import { type Asked, type Lost, lostReply, type Owner } from './owner.ts'
import { ReplyReader } from './reply.ts'
import { run, type ScriptHost, script } from './script.ts'
import commitBody from './scripts/commit.lua'

const commitScript = script('commit', commitBody)

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
    | 'version'
    | 'set-back'
    | 'short-hold'
    | 'too-few'
    | 'short-lease'
  /** empty for `too-few` and `short-lease` */
  readonly dyno: string
  readonly type: string
  /** running jobs; for `set-back`, ms by which the row is ahead; for `silent`, ms since last heard; for `short-hold`, ms left; for `too-few`, `held/needed`; for `version`, the one it speaks */
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
      commitScript,
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
