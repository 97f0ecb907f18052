import { Alarm } from '../alarm.ts'
import type { Surroundings } from '../gate/gate.ts'
import { look, type View } from '../protocol/look.ts'

const EVERY_MS = 1_000

/** What is known of the gate now. */
export interface Sight {
  readonly view: View
  /** ms since `view` was read */
  readonly ageMs: number
  /** why it can't be read anew; empty while it can */
  readonly trouble: string
}

/** Where the connection's troubles are told, so that they can be shown beside what was seen last. */
export class Troubles {
  text = ''
  onChange = () => {}

  tell(text: string): void {
    this.text = text
    this.onChange()
  }
}

/**
 * Shows the gate after each report of a participant, each trouble, and each second, whatever becomes of the server.
 * @param first what was read to begin with
 * @throws the signal's reason when that aborts; never returns otherwise
 */
export async function watchStatus(
  { host, keys, listen, time, signal }: Surroundings,
  first: View,
  troubles: Troubles,
  show: (sight: Sight) => void,
): Promise<never> {
  const alarm = new Alarm(time)
  let [view, readAt, askedAt, stale, reading] = [first, time.now(), time.now(), false, false]
  const read = async () => {
    reading = true
    stale = false
    askedAt = time.now()
    try {
      view = await look(host, keys)
      readAt = time.now()
      troubles.text = ''
    } catch (error) {
      troubles.text ||= (error as Error).message
    }
    reading = false
    alarm.ring()
  }
  troubles.onChange = () => alarm.ring()
  signal.addEventListener('abort', () => alarm.ring(), { once: true })
  await listen(() => {
    stale = true
    alarm.ring()
  })
  for (;;) {
    signal.throwIfAborted()
    if (!reading && (stale || time.now() - askedAt >= EVERY_MS)) void read()
    show({ view, ageMs: time.now() - readAt, trouble: troubles.text })
    await alarm.wait(EVERY_MS)
  }
}
