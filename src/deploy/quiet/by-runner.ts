import { newDeployId } from '../../gate/gate.ts'
import type { Expected } from '../expected.ts'
import type { DeployPlan } from '../plan.ts'
import type { Story } from '../story.ts'
import type { Surroundings, Target } from '../surroundings.ts'
import { during } from '../watch.ts'
import { protocolOf } from './protocol.ts'
import type { Quiet } from './quiet.ts'

/**
 * Has everybody drain, asked from here, and opens the gate.
 * @throws DeployError when it does not open; whoever was asked goes back to work
 */
export async function quietByRunner(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
  target: Pick<Target, 'commit' | 'currentRelease'>,
  who: Expected,
): Promise<Quiet> {
  const { redis, group, time } = around
  await using scope = new AsyncDisposableStack()
  const server = scope.use(await group('Redis', () => redis.open(story.log, signal)))
  const asker = { ...plan.asker, app: plan.app, commit: target.commit }
  const protocol = protocolOf(plan, { ...server.around, log: story.log }, who)
  await protocol.inspect(asker)

  const id = newDeployId()
  around.remember({ id, fingerprint: server.fingerprint })
  story.stage = 'draining'
  const hold = scope.use(await protocol.ask(id, asker, target.currentRelease ?? ''))
  story.follow(hold)
  const everybody = await group('Drain: waiting for running jobs', () => hold.drained())
  await hold.commit(!everybody)
  const kept = scope.move()
  return {
    deployed: '',
    during: (publish) => during(publish, () => hold.concerns(), story.log, time),
    released: () => hold.release(),
    successor: (waitMs, release, over) => hold.successor(waitMs, release, over),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
