import type { DeployPlan } from './plan.ts'
import { protocolOf, unended } from './quiet/protocol.ts'
import { openServer, type ServerNeeds } from './server.ts'

/** What is known of a hold whose deploy did not end it. */
export interface LeftBehind {
  readonly id: string
  /** SHA-256 of the certificate that the server showed, if it did */
  readonly fingerprint: string | undefined
}

/**
 * Ends a hold whose deploy was stopped before it could: the participants go back to their schedules, as far as their protocol can tell
 * them. Others' holds stay as they are.
 * @throws Error that says what becomes of the participants when it can't be ended
 */
export async function endHold(plan: DeployPlan, held: LeftBehind, needs: ServerNeeds): Promise<void> {
  const pinned =
    held.fingerprint === undefined
      ? plan
      : { ...plan, redis: { ...plan.redis, fingerprints: [held.fingerprint] } }
  try {
    await using server = await openServer(pinned, needs)
    await protocolOf(plan, server.around).end(held.id)
  } catch (error) {
    throw new Error(`${(error as Error).message}; ${unended(plan)}`, { cause: error })
  }
}
