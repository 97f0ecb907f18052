/** What a server answers that is starting, failing over or busy. */
const FOR_A_MOMENT = /^(LOADING|READONLY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN|BUSY) /

/** Whether the same call may succeed in a moment: the connection failed it, or the server is not ready for it. */
export function isOutage(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof TypeError) return false
  return error.name !== 'ReplyError' || FOR_A_MOMENT.test(error.message)
}
