import { DeployError } from '../outcome.ts'
import { isPassing } from '../redis/trouble.ts'

/** Whether the same call may succeed in a moment: the connection failed it, or the server is not ready for it. */
export function isOutage(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof DeployError) return false
  return error.name !== 'ReplyError' || isPassing(error)
}
