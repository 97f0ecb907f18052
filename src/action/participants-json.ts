import type { ParticipantReport } from '../deploy/report.ts'
import { inertJson } from '../json.ts'

/** What ends a quoted word in a shell, PowerShell included: outputs get pasted into scripts, though docs/security.md warns of it. */
const QUOTING = "'`$\u2018-\u201b"

const write = (value: unknown) => inertJson(value, QUOTING)

/** A step that takes an output into its environment can't start with more than 128 KiB of it (Linux, MAX_ARG_STRLEN). */
const MOST_BYTES = 100_000

/**
 * The participants as JSON. Of so many that it would be too long for the next step's environment, without their notes; and should that
 * not be enough, as many as fit: first those that did not drain.
 */
export function participantsJson(all: readonly ParticipantReport[]): string {
  const whole = write(all)
  if (Buffer.byteLength(whole) <= MOST_BYTES) return whole
  const bare = all.map(({ note: _, ...rest }) => rest)
  const undrained = bare.filter(({ drainedSeconds }) => drainedSeconds === undefined)
  const kept = new Set<Omit<ParticipantReport, 'note'>>()
  let bytes = 2
  for (const one of new Set([...undrained, ...bare])) {
    bytes += Buffer.byteLength(write(one)) + 1
    if (bytes > MOST_BYTES) break
    kept.add(one)
  }
  return write(bare.filter((one) => kept.has(one)))
}
