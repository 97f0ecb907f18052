import type { GateKeys } from './keys.ts'
import { ReplyReader } from './reply.ts'
import type { OwnRow } from './row.ts'
import { run, type ScriptHost, script } from './script.ts'
import beatBody from './scripts/beat.lua'

/** What a participant runs with each beat. */
export const beatScript = script('beat', beatBody)

/** The phase as a participant sees it. `lapsed`: never finished, and its lease ran out. Empty: there is no intent. */
export type Phase = '' | 'draining' | 'pushing' | 'released' | 'aborted' | 'lapsed'
const PHASES: readonly Phase[] = ['', 'draining', 'pushing', 'released', 'aborted', 'lapsed']

/** The answer to a beat. */
export interface BeatReply {
  /** the protocol version of the intent that is there; one of another version reads as no intent */
  readonly version: string
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
      beatScript,
      [keys.intent, keys.roster],
      [id, JSON.stringify(row), Math.round(everyMs), first ? '1' : '', keys.reports],
    ),
  )
  const version = reply.text()
  const [now, epoch, phase] = [reply.number(), reply.text(), reply.text()]
  const known = PHASES.find((name) => name === phase)
  if (known === undefined) throw reply.unknown()
  return {
    version,
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
