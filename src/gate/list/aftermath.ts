import type { Surroundings } from '../gate.ts'
import { type Audience, doubt, remedy, show, subject } from './complaint.ts'
import type { ListEnding, Lists } from './lists.ts'

/**
 * Says what an abort has left behind, once the lists know of it: who goes on, and, in a warning, who stays stopped. Never rejects.
 * @param watchMs for how long to see whether the resume message is taken
 * @returns what a person must do; `undefined` when nobody stays stopped
 */
export async function tellAftermath(
  around: Pick<Surroundings, 'log' | 'time' | 'numbers'>,
  lists: Lists,
  to: Audience,
  { withdrawn, taken, told }: ListEnding,
  watchMs: number,
): Promise<string | undefined> {
  const { log } = around
  const { requestKey, message, resumeMessage } = lists.terms
  if (withdrawn > 0)
    log.info(`took ${show(message)} back out of the list ${show(requestKey)}: nobody had taken it`)
  if (taken === 0) return undefined
  const who = subject(to, taken)
  if (told === 0) {
    log.warning(
      `${who} took ${show(message)}, and list-resume-message names nothing that starts it again. ${remedy(to)}`,
    )
    return remedy(to)
  }
  log.info(`put ${show(resumeMessage)} into the list ${show(requestKey)}, so that ${who} goes on`)
  if (await allTaken(around, lists, watchMs)) return undefined
  log.warning(
    `nobody has taken ${show(resumeMessage)} from the list ${show(requestKey)} yet. A listener that waits for its jobs takes it when they have ended; one that ended with its answer never does. ${doubt(to)}`,
  )
  return doubt(to)
}

/** Watches the resume messages go. */
async function allTaken(
  { time, numbers }: Pick<Surroundings, 'time' | 'numbers'>,
  lists: Lists,
  watchMs: number,
): Promise<boolean> {
  const until = time.now() + watchMs
  for (;;) {
    // What can't be read was perhaps not taken.
    const left = await lists.waiting(lists.terms.resumeMessage).catch(() => 1)
    if (left === 0 || time.now() >= until) return left === 0
    await time.sleep(Math.min(250, numbers.lookEveryMs))
  }
}
