import type { DeployPlan } from '../plan.ts'
import type { Story } from '../story.ts'
import type { Surroundings } from '../surroundings.ts'
import { tell } from './by-dyno.ts'
import { resumeCommand } from './dyno-command.ts'
import type { Quiet } from './quiet.ts'

/**
 * The app's own release phase drains, through a Redis that can't be reached from here: nothing can be announced to it, and nothing seen
 * of it. What is left is to give everybody back when the release does not come about: otherwise they stay held for as long as the
 * release phase has said.
 */
export function quietOutOfSight(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
): Quiet {
  const { log } = story
  const byHand = `heroku run --app ${plan.app} -- deploy-gate resume --gate-name ${plan.gateName}`
  // Wrong inputs are told before anything is pushed.
  const command = resumeCommand(plan)
  let released = false
  return {
    deployed: 'with the drain of its release phase, out of sight of this step',
    during: (publish) => publish(),
    async released() {
      released = true
    },
    async successor() {
      log.info('The new clock can not be seen from here: the Redis is reached from dynos only')
      return []
    },
    async [Symbol.asyncDispose]() {
      if (released) return
      if (signal.aborted) {
        log.warning(
          `If the release phase has drained or still does, everybody stays held until its --hold is over, or the new release takes over. To give them back: ${byHand}`,
        )
        return
      }
      const failed = (why: string) =>
        log.warning(
          `${why} Whoever the release phase has brought to rest stays held until its --hold is over. To give them back: ${byHand}`,
        )
      try {
        await around.group('Resume, in a one-off dyno', async () => {
          await using session = await around.heroku.inDyno(command, (line) => tell(log, line), signal)
          const { code } = await session.ended
          if (code === 0) log.info('nobody is held any more by a release phase')
          else failed(`deploy-gate resume ended with ${code} in ${session.dyno}.`)
        })
      } catch (error) {
        failed((error as Error).message)
      }
    },
  }
}
