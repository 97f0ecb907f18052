import { announce } from '../../gate/announce.ts'
import { newDeployId } from '../../gate/gate.ts'
import type { Hold } from '../../gate/hold.ts'
import type { Expected } from '../expected.ts'
import type { DeployPlan } from '../plan.ts'
import type { Story } from '../story.ts'
import type { Surroundings, Target } from '../surroundings.ts'
import { duringReleasePhase } from './during-release-phase.ts'
import { protocolOf, termsOf } from './protocol.ts'
import type { Quiet } from './quiet.ts'

/**
 * Announces the deploy: the app's own release phase asks for the drain when its build is done, as this deploy and by its terms. The
 * processes work until then.
 * @throws DeployError when it can't be announced; nobody was asked for anything
 */
export async function quietByReleasePhase(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
  target: Pick<Target, 'commit'>,
  who: Expected,
): Promise<Quiet> {
  const { redis, group, time } = around
  await using scope = new AsyncDisposableStack()
  const server = scope.use(await group('Redis', () => redis.open(story.log, signal)))
  const gate = { ...server.around, log: story.log }
  const asker = { ...plan.asker, app: plan.app, commit: target.commit }
  await protocolOf(plan, gate, who).inspect(asker)

  const id = newDeployId()
  around.remember({ id, fingerprint: server.fingerprint })
  const announcement = scope.use(await announce(gate, id, termsOf(plan, who), asker))
  story.log.info('the deploy is announced: its release phase drains, and the clock works until then')
  const kept = scope.move()
  let hold: Hold | undefined
  return {
    deployed: 'drained in its release phase',
    async during(publish) {
      const follow = (one: Hold) => story.follow(one)
      const released = await duringReleasePhase(announcement, publish, {
        log: story.log,
        time,
        signal,
        follow,
      })
      if (released.hold) hold = kept.use(released.hold)
      if (!released.opened) story.log.warning(UNDRAINED)
      return released.result
    },
    async released() {
      await hold?.release()
    },
    successor: async (waitMs, release, over) => (await hold?.successor(waitMs, release, over)) ?? [],
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const UNDRAINED =
  'The release phase did not drain: jobs that ran got SIGTERM, and SIGKILL 30 s later. Its command must begin with deploy-gate drain, such as release: deploy-gate drain --hold 10m && python manage.py migrate'
