import { formatDuration } from '../duration.ts'
import type { Collaborators } from './collaborators.ts'

/** Heroku takes 75 git requests an hour for each user and app. Its Retry-After doesn't come through git. */
const WAITS_MS = [10_000, 20_000, 40_000] as const

/**
 * Asks Heroku's git, and again after 10, 20 and 40 s, each up to half as long again, while it answers that it has had too many
 * requests.
 * @param what is asked for, as in: … again in 12 s
 * @param again how often at most after the first time
 * @returns the last answer, that of too many requests included
 */
export async function backedOff<T>(
  ask: () => Promise<T>,
  {
    app,
    what,
    again,
    tooMany,
  }: {
    readonly app: string
    readonly what: string
    readonly again: 1 | 2 | 3
    readonly tooMany: (answer: T) => boolean
  },
  { log, time, signal, random = Math.random }: Pick<Collaborators, 'log' | 'time' | 'signal' | 'random'>,
): Promise<T> {
  let answer = await ask()
  for (const [i, ms] of WAITS_MS.slice(0, again).entries()) {
    if (!tooMany(answer)) break
    // Jittered, so that several jobs don't come back together.
    const waitMs = Math.round(ms * (1 + random() / 2))
    log.info(
      `Heroku has had too many git requests for ${app}; ${what} again in ${formatDuration(waitMs)} (${i + 2} of ${again + 1})`,
    )
    await time.sleep(waitMs, signal)
    answer = await ask()
  }
  return answer
}
