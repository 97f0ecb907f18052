import type { Time } from '../time.ts'
import { isOutage } from './outage.ts'

/** What waiting needs. */
export interface Patience {
  readonly time: Time
  /** between attempts, ms */
  readonly againMs: number
  /** no attempt begins later than this, ms from now */
  readonly forMs: number
  readonly signal?: AbortSignal
}

/**
 * Does `work`, and again while Redis is away or not the one to ask, as during a failover: for where no lease says how long that may last.
 * @throws the outage's own error when the time is over; the signal's reason
 */
export async function outlast<T>(
  { time, againMs, forMs, signal }: Patience,
  work: () => Promise<T>,
): Promise<T> {
  const until = time.now() + forMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      signal?.throwIfAborted()
      if (!isOutage(error) || time.now() + againMs >= until) throw error
    }
    await time.sleep(againMs, signal)
  }
}
