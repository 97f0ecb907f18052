import { type Intent, look, type View } from '../protocol/look.ts'
import { isAlive, type Row } from '../protocol/row.ts'
import { readAsker } from './asker.ts'
import type { Surroundings } from './gate.ts'
import { NUMBERS } from './numbers.ts'

/** Whether the participant of `row` said last that it is quiet for the drain `epoch`. */
export function isQuiet(row: Row, epoch: string): boolean {
  return row.epoch === epoch && (row.state === 'draining' || row.state === 'drained')
}

/** Whether it is quiet now, as far as is known. */
export function isHeld(row: Row, epoch: string, now: number): boolean {
  return isAlive(row, now) && isQuiet(row, epoch)
}

/**
 * Until when the participant of `row` stays quiet by itself, as far as is known, server ms. What it reports lags a beat behind, and
 * beats are rare during a long hold: of a lease that is not renewed it is enough that it was told.
 */
export function heldUntil(row: Row, intent: Intent | undefined): number | undefined {
  const isTold = intent?.epoch === row.epoch && row.seen >= (intent?.committed ?? Number.POSITIVE_INFINITY)
  if (!intent || !isTold || !readAsker(intent.asker).holds) return row.hold
  return Math.min(intent.expiry, intent.began + NUMBERS.maxHoldMs)
}

/**
 * Waits until all who are held for the committed drain `epoch` have beaten since, and so been told how long its lease is.
 * @param wait waits for a report, so many ms at the longest; its rejection is passed on
 * @returns the dynos that have not within `resumeWatchMs`; `undefined` if Redis could not be asked
 */
export async function awaitTold(
  { host, keys, numbers, time }: Surroundings,
  epoch: string,
  wait: (ms: number) => Promise<void>,
): Promise<readonly string[] | undefined> {
  const deadline = time.now() + numbers.resumeWatchMs
  for (;;) {
    const view = await look(host, keys).catch(() => undefined)
    const waiting = view && untold(view, epoch)
    if (waiting?.length === 0 || time.now() >= deadline) return waiting
    await wait(Math.min(250, numbers.lookEveryMs))
  }
}

function untold({ intent, rows, now }: View, epoch: string): string[] {
  const since = (intent?.epoch === epoch && intent.committed) || Number.POSITIVE_INFINITY
  return rows
    .filter((row) => isHeld(row, epoch, now) && row.seen < since)
    .map(({ dyno }) => dyno)
    .sort()
}
