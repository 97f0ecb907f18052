import type { Time } from '../time.ts'
import { unanswered } from './complaint.ts'
import type { Numbers } from './numbers.ts'
import { isOutage } from './outage.ts'

/** How long an outage is waited out. */
export interface Wait {
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
export async function outlast<T>({ time, againMs, forMs, signal }: Wait, work: () => Promise<T>): Promise<T> {
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

/**
 * The same before a drain is in force, when nobody waits but the deploy itself: as long as a request is valid.
 * @throws DeployError (`preflight-failed`) when there was no answer; the signal's reason
 */
export async function answered<T>(
  { time, numbers, signal }: { readonly time: Time; readonly numbers: Numbers; readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const { renewAgainMs, requestValidMs } = numbers
  try {
    return await outlast({ time, againMs: renewAgainMs, forMs: requestValidMs, signal }, work)
  } catch (error) {
    signal.throwIfAborted()
    throw isOutage(error) ? unanswered(error, requestValidMs) : error
  }
}
