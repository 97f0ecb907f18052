import type { Held, HeldParticipant } from '../gate/held.ts'
import type { HoldReport, ParticipantReport } from './report.ts'

type Told = Pick<Held, 'participants' | 'quietMs'>

/** What became of a drain, as far as it is; of none, if there was none. */
export function reportHold(hold: Told | undefined): HoldReport {
  return reportHolds(hold === undefined ? [] : [hold])
}

/** What became of several, one after the other: everybody who took part, the longest drain, all the time in which nobody scheduled. */
export function reportHolds(holds: readonly Told[]): HoldReport {
  const all = holds.flatMap((hold) => hold.participants)
  const participants = all.map(describe)
  const drained = all.flatMap(({ drainedMs }) => drainedMs ?? [])
  const quiet = holds.flatMap((hold) => hold.quietMs ?? [])
  const [jobsFinished, jobsStored] = [sum(participants, 'finished'), sum(participants, 'stored')]
  return {
    participants,
    ...(drained.length > 0 && { drainSeconds: seconds(drained.reduce((most, one) => Math.max(most, one))) }),
    ...(quiet.length > 0 && { quietSeconds: seconds(quiet.reduce((total, one) => total + one)) }),
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
