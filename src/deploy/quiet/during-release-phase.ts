import type { Announcement } from '../../gate/announce.ts'
import type { Hold } from '../../gate/hold.ts'
import type { Log } from '../../log.ts'
import type { Time } from '../../time.ts'
import { during } from '../watch.ts'

/** What came of work whose release phase was to drain. */
export interface Released<T> {
  readonly result: T
  /** the caller's to release, and to leave; absent if the release phase never asked */
  readonly hold?: Hold
  /** whether the release phase has opened the gate, so that the release came over held participants */
  readonly opened: boolean
}

/**
 * Does `work`, which ends when its release is verified, and follows the drain that its release phase asks for meanwhile.
 * @param around `follow` is told the drain as soon as it is known of
 * @throws how the drain failed in the release phase, if it did; otherwise what `work` was rejected with. Everybody is given back by then
 */
export async function duringReleasePhase<T>(
  announcement: Announcement,
  work: () => Promise<T>,
  around: { readonly log: Log; readonly time: Time; readonly signal: AbortSignal; follow(hold: Hold): void },
): Promise<Released<T>> {
  const { log, time, signal, follow } = around
  const over = new AbortController()
  const working = work().finally(() => over.abort())
  // It may be rejected before anybody waits for it.
  working.catch(() => {})
  let hold: Hold | undefined
  try {
    hold = await announcement.adopted(over.signal)
    if (hold === undefined) return { result: await working, opened: false }
    follow(hold)
    const adopted = hold
    const opened = await adopted.opened(over.signal)
    const result = opened
      ? await during(
          () => working,
          () => adopted.concerns(),
          log,
          time,
        )
      : await working
    return { result, hold, opened }
  } catch (error) {
    await working.catch(() => {})
    await hold?.[Symbol.asyncDispose]()
    throw (signal.aborted ? undefined : await announcement.failure()) ?? error
  }
}
