import type { ParticipantProgress } from './progress.ts'
import type { DrainTerms } from './terms.ts'

/** How a drain stands. */
export interface Verdict {
  /** participants that refused */
  readonly refused: readonly ParticipantProgress[]
  /** participants that had to accept by now and did not */
  readonly late: readonly ParticipantProgress[]
  /** participants that are not drained */
  readonly undrained: readonly ParticipantProgress[]
  /** process types with too few participants */
  readonly short: readonly Shortage[]
  /** those of them that had too few from the start, and the time to join is over; a participant that ended is waited for instead */
  readonly missing: readonly Shortage[]
}

/** A process type with fewer participants than it must have. */
export interface Shortage {
  readonly type: string
  readonly have: number
  readonly need: number
  /** whether the terms let it pass */
  readonly forgivable: boolean
}

/** Judges the participants as they stand `nowMs` after the request. Whether a push may begin is the server's to say, at the commit. */
export function judge(
  participants: readonly ParticipantProgress[],
  terms: DrainTerms,
  nowMs: number,
): Verdict {
  const latest = latestBoots(participants)
  const present = participants.filter((one) => one.state !== 'exited' && !isReplaced(one, latest))
  const undrained = present.filter((one) => one.state !== 'drained')
  const short: Shortage[] = []
  const missing: Shortage[] = []
  for (const { type, atLeast, demanded } of terms.asked) {
    const have = present.filter((one) => one.type === type && one.state !== 'silent').length
    const atRequest = participants.filter((one) => one.type === type && one.fromStart).length
    const need = Math.max(atLeast, atRequest)
    if (have >= need) continue
    const forgivable = terms.onMissingClock === 'deploy' && !demanded
    short.push({ type, have, need, forgivable })
    if (atRequest < atLeast && nowMs >= terms.acknowledgeTimeoutMs)
      missing.push({ type, have, need, forgivable })
  }
  return {
    refused: present.filter((one) => one.state === 'failed'),
    late: undrained.filter(
      (one) => one.acceptedMs === undefined && nowMs >= one.seenMs + terms.acknowledgeTimeoutMs,
    ),
    undrained,
    short,
    missing,
  }
}

/** Dyno → when the last of its boots that is not silent was first seen. */
function latestBoots(participants: readonly ParticipantProgress[]): ReadonlyMap<string, number> {
  const latest = new Map<string, number>()
  for (const { state, dyno, seenMs } of participants) {
    if (state !== 'silent' && seenMs >= (latest.get(dyno) ?? 0)) latest.set(dyno, seenMs)
  }
  return latest
}

/** A participant that fell silent, and another boot of its dyno is there. */
function isReplaced(
  { state, dyno, seenMs }: ParticipantProgress,
  latest: ReadonlyMap<string, number>,
): boolean {
  return state === 'silent' && (latest.get(dyno) ?? 0) > seenMs
}
