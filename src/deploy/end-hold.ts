import { finish } from '../protocol/drain.ts'
import type { DeployPlan } from './plan.ts'
import { openServer, type ServerNeeds } from './server.ts'

/** What is known of a hold whose deploy did not end it. */
export interface LeftBehind {
  readonly id: string
  /** SHA-256 of the certificate that the server showed, if it did */
  readonly fingerprint: string | undefined
}

/** Ends a hold whose deploy was stopped before it could: the participants go back to their schedules. Others' holds stay as they are. */
export async function endHold(plan: DeployPlan, held: LeftBehind, needs: ServerNeeds): Promise<void> {
  const pinned =
    held.fingerprint === undefined
      ? plan
      : { ...plan, redis: { ...plan.redis, fingerprint: held.fingerprint } }
  await using server = await openServer(pinned, needs)
  const { host, keys } = server.around
  const answer = await finish(host, keys, { id: held.id, epoch: '' }, 'aborted')
  needs.log.info(
    answer === 'finished'
      ? 'this job was stopped while its drain was in force: ended it, the clock goes back to work'
      : 'the drain of this job was over already: nothing to do',
  )
}
