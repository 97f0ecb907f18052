import type { Held, HeldParticipant } from '../gate/held.ts'
import type { HoldReport, ParticipantReport } from './report.ts'

/** What became of a drain, as far as it is; of none, if there was none. */
export function reportHold(hold: Pick<Held, 'participants' | 'quietMs'> | undefined): HoldReport {
  const participants = (hold?.participants ?? []).map(describe)
  const drained = hold?.participants.flatMap(({ drainedMs }) => drainedMs ?? []) ?? []
  const quietMs = hold?.quietMs
  const [jobsFinished, jobsStored] = [sum(participants, 'finished'), sum(participants, 'stored')]
  return {
    participants,
    ...(drained.length > 0 && { drainSeconds: seconds(drained.reduce((most, one) => Math.max(most, one))) }),
    ...(quietMs !== undefined && { quietSeconds: seconds(quietMs) }),
    ...(jobsFinished !== undefined && { jobsFinished }),
    ...(jobsStored !== undefined && { jobsStored }),
  }
}

function describe(one: HeldParticipant): ParticipantReport {
  const { id, dyno, type, state, finished, stored, lost, note, acceptedMs, drainedMs, seenMs } = one
  return {
    id,
    dyno,
    type,
    state,
    ...(finished !== undefined && { finished }),
    ...(stored !== undefined && { stored }),
    ...(lost !== undefined && { lost }),
    ...(acceptedMs !== undefined && { acceptedSeconds: seconds(acceptedMs - seenMs) }),
    ...(drainedMs !== undefined && { drainedSeconds: seconds(drainedMs - seenMs) }),
    ...(note !== undefined && { note }),
  }
}

/** `undefined` when somebody took part and nobody counts jobs. */
function sum(participants: readonly ParticipantReport[], field: 'finished' | 'stored'): number | undefined {
  const known = participants.flatMap((one) => one[field] ?? [])
  if (participants.length > 0 && known.length === 0) return undefined
  return known.reduce((total, count) => total + count, 0)
}

/** Seconds with one decimal. */
function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}
