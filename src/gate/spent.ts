import { type Intent, isInForce, type View } from '../protocol/look.ts'
import { PROTOCOL_VERSION } from '../protocol/row.ts'
import { readAsker } from './asker.ts'
import { isHeld } from './quiet.ts'

/**
 * The hold that is in force and keeps nobody quiet any more, if there is one: nobody stands behind it, and all whom it held have
 * ended, as they do when a release phase has let the new release start. Another deploy need not wait for its lease.
 */
export function spentHold({ intent, rows, now }: View): Intent | undefined {
  if (intent?.v !== PROTOCOL_VERSION || intent.phase !== 'pushing' || !isInForce(intent, now))
    return undefined
  if (!readAsker(intent.asker).holds) return undefined
  return rows.some((row) => isHeld(row, intent.epoch, now)) ? undefined : intent
}
