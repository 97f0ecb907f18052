import type { View } from '../protocol/look.ts'
import { isAlive } from '../protocol/row.ts'

/** A process type, and the dyno that schedules for it in the new release; absent while there is none. */
export interface Successor {
  readonly type: string
  readonly dyno?: string
  /** ms since it joined, with which it began to schedule */
  readonly sinceMs?: number
}

/**
 * Who has taken over, for each process type: a participant that schedules and either booted after the commit of the drain
 * `epoch` or says that it is of `release`.
 */
export function successors(
  { rows, now }: View,
  types: readonly string[],
  epoch: string,
  release: string,
): Successor[] {
  const schedules = rows.filter(
    (row) => row.state === 'running' && isAlive(row, now) && (row.after === epoch || row.release === release),
  )
  return types.map((type) => {
    const [first] = schedules.filter((one) => one.type === type).sort((a, b) => a.joined - b.joined)
    return { type, ...(first && { dyno: first.dyno, sinceMs: Math.max(0, now - first.joined) }) }
  })
}
