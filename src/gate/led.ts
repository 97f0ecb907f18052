import { look, type View } from '../protocol/look.ts'
import type { Owner } from '../protocol/owner.ts'
import type { Contact } from './contact.ts'
import type { Surroundings } from './gate.ts'
import { isOutage } from './outage.ts'

/**
 * Follows a drain that another process leads until that process has opened the gate.
 * @param over aborts when there is nothing more to wait for
 * @param tell is given what was read
 * @returns false if `over` aborts first, or the drain ends: why, its leader knows
 * @throws the signal's reason
 */
export async function untilOpened(
  drain: { readonly around: Surroundings; readonly contact: Contact; readonly owner: Owner },
  over: AbortSignal,
  tell: (view: View) => void,
): Promise<boolean> {
  const { around, contact, owner } = drain
  const { host, keys, numbers, signal, time } = around
  over.addEventListener('abort', contact.ring)
  try {
    for (;;) {
      signal.throwIfAborted()
      const last = over.aborted
      const sentAt = time.now()
      const view = await look(host, keys).catch((error: unknown) => {
        if (!isOutage(error)) throw error
      })
      if (view) {
        tell(view)
        const { intent, now } = view
        const phase = intent?.epoch === owner.epoch ? intent.phase : ''
        // From here on it is this process that keeps it.
        if (phase === 'pushing') contact.lease.extended(sentAt, (intent?.expiry ?? 0) - now)
        if (phase === 'released') contact.end()
        if (phase === 'pushing' || phase === 'released') return true
        if (phase === 'aborted') return false
      }
      if (last || contact.lease.loss) return false
      await contact.wait(view ? numbers.lookEveryMs : numbers.renewAgainMs)
    }
  } finally {
    over.removeEventListener('abort', contact.ring)
  }
}
