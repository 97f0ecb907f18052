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
  /** process types with too few drained participants */
  readonly short: readonly {
    readonly type: string
    readonly have: number
    readonly need: number
    readonly demanded: boolean
  }[]
}

/** Judges the participants as they stand `nowMs` after the request. Whether a push may begin is the server's to say, at the commit. */
export function judge(
  participants: readonly ParticipantProgress[],
  terms: DrainTerms,
  nowMs: number,
): Verdict {
  const present = participants.filter((one) => one.state !== 'exited' && !isReplaced(one, participants))
  const undrained = present.filter((one) => one.state !== 'drained')
  return {
    refused: present.filter((one) => one.state === 'failed'),
    late: undrained.filter(
      (one) => one.acceptedMs === undefined && nowMs >= one.seenMs + terms.acknowledgeTimeoutMs,
    ),
    undrained,
    short: terms.asked.flatMap(({ type, atLeast, demanded }) => {
      const have = present.filter((one) => one.type === type && one.state !== 'silent').length
      const atRequest = participants.filter((one) => one.type === type && one.seenMs === 0).length
      const need = Math.max(atLeast, atRequest)
      return have < need ? [{ type, have, need, demanded }] : []
    }),
  }
}

/** A participant that fell silent, and another boot of its dyno is there. */
function isReplaced(one: ParticipantProgress, participants: readonly ParticipantProgress[]): boolean {
  return (
    one.state === 'silent' &&
    participants.some(
      (other) => other.dyno === one.dyno && other.seenMs > one.seenMs && other.state !== 'silent',
    )
  )
}
