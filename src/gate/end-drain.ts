import { Alarm } from '../alarm.ts'
import { finish } from '../protocol/drain.ts'
import { type Intent, lastGiven, look, type View } from '../protocol/look.ts'
import { isAlive, type Row } from '../protocol/row.ts'
import { readAsker } from './asker.ts'
import type { Surroundings } from './gate.ts'
import type { Numbers } from './numbers.ts'
import { isOutage } from './outage.ts'
import { Progress } from './progress.ts'
import { isHeld, isQuiet } from './quiet.ts'
import { linesOf } from './telling.ts'

/** A renewal may be late, or two of them lost. */
const MISSED_RENEWALS = 3

/** What came of a drain that was ended in its owner's name. */
export interface EndedDrain {
  /** false if it was over before, or another one had come by then */
  readonly ended: boolean
  /** the dynos that were seen scheduling again */
  readonly resumed: readonly string[]
  /** those that were quiet for the drain when they were last heard of */
  readonly waiting: readonly { readonly dyno: string; readonly silent: boolean }[]
}

/** Whether somebody is at work behind the drain: it is no hold that was left to its lease, and it was renewed lately. */
export function isAttended(intent: Intent, now: number, { renewEveryMs }: Numbers): boolean {
  if (intent.phase === 'pushing' && readAsker(intent.asker).holds) return false
  return now - lastGiven(intent) < MISSED_RENEWALS * renewEveryMs
}

/**
 * Ends the drain of `view` in its owner's name and waits until all who stopped for it schedule again: each has until its next beat and
 * `resumeWatchMs`, as it may not hear the doorbell.
 * @throws the signal's reason when that aborts; the drain may be ended by then
 */
export async function endDrain(
  around: Surroundings,
  before: View & { readonly intent: Intent },
): Promise<EndedDrain> {
  const { host, keys, time, log, numbers, signal } = around
  const { epoch } = before.intent
  const progress = new Progress(
    epoch,
    before.rows.map(({ type }) => type),
  )
  progress.update(before, 0)
  const alarm = new Alarm(time)
  const ring = () => alarm.ring()
  await around.listen(ring)
  signal.addEventListener('abort', ring, { once: true })
  if ((await finish(host, keys, before.intent, 'aborted')) !== 'finished')
    return { ended: false, resumed: [], waiting: [] }
  const from = time.now()
  let limits: ReadonlyMap<string, number> | undefined
  let view: View = before
  const isDue = ({ id }: Row) => time.now() - from < (limits?.get(id) ?? numbers.resumeWatchMs)
  for (;;) {
    signal.throwIfAborted()
    try {
      view = await look(host, keys)
      limits ??= nextBeats(view, numbers.resumeWatchMs)
      for (const line of linesOf(progress.update(view, time.now() - from))) log.info(line)
    } catch (error) {
      // Who can't be read now may be read in a moment.
      if (!isOutage(error)) throw error
    }
    if (!view.rows.some((row) => isHeld(row, epoch, view.now) && isDue(row))) break
    const everyMs = Math.min(250, numbers.lookEveryMs)
    const restMs = Math.min(everyMs, Math.floor(view.rows.length * numbers.lookRestPerRowMs))
    if (restMs > 0) await time.sleep(restMs, signal)
    await alarm.wait(everyMs - restMs)
  }
  const joins = latestJoins(view)
  return {
    ended: true,
    resumed: progress.participants.flatMap(({ dyno, resumedMs }) => (resumedMs === undefined ? [] : dyno)),
    waiting: view.rows
      .filter((row) => isQuiet(row, epoch) && !((joins.get(row.dyno) ?? 0) > row.seen))
      .map((row) => ({ dyno: row.dyno, silent: !isAlive(row, view.now) })),
  }
}

/** ms from now by which each participant must have beaten, and `graceMs`: three beats may be missed before it counts as silent. */
function nextBeats({ rows, now }: View, graceMs: number): Map<string, number> {
  return new Map(
    rows.map(({ id, seen, until }) => [id, Math.max(0, seen + (until - seen) / 3 - now) + graceMs]),
  )
}

/** Dyno → when the last of its boots that is alive joined: it took the place of whoever was last heard of before. */
function latestJoins({ rows, now }: View): ReadonlyMap<string, number> {
  const joins = new Map<string, number>()
  for (const row of rows) {
    if (isAlive(row, now)) joins.set(row.dyno, Math.max(row.joined, joins.get(row.dyno) ?? 0))
  }
  return joins
}
