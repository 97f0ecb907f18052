/** What a server answers that lost its role, is starting or is cut off: another one, or the same one later, is the one to talk to. */
const ELSEWHERE = /^(READONLY|MOVED|CLUSTERDOWN|LOADING|MASTERDOWN|NOREPLICAS) /

/** What a server answers that will do in a moment what it was asked: it is busy, or the slot of a cluster is just moving. */
const BUSY = /^(TRYAGAIN|ASK|BUSY) /

/** Whether the server refused a call that may succeed in a moment, there or on a new connection. */
export function isPassing(error: Error): boolean {
  return isElsewhere(error) || BUSY.test(error.message)
}

/** Whether the server refused a call in a way that only a new connection can mend: the one after a failover leads to another server. */
export function isElsewhere(error: Error): boolean {
  return ELSEWHERE.test(error.message)
}

/** The URL names another kind of Redis than the one that answers. */
export class UrlFormError extends Error {
  override readonly name = 'UrlFormError'
  /** a sentence that tells the right form */
  readonly next: string
  constructor(what: string, next: string) {
    super(what)
    this.next = next
  }
}

const CLUSTER_FORM =
  'Write its URL as redis+cluster://[user:password@]host:port, or rediss+cluster:// for TLS.'
const SENTINEL_FORM =
  'Write its URL as redis+sentinel://[user:password@]host:port/<name of the primary>, or rediss+sentinel:// for TLS.'

/** What a refusal says about the form of a URL that names one server; `undefined` if it says nothing. */
export function formOf(error: Error): UrlFormError | undefined {
  if (error.message.startsWith('MOVED '))
    return new UrlFormError(
      'the server is a node of a Redis Cluster, and the gate is on another one',
      CLUSTER_FORM,
    )
  // Whoever renames these commands can't use the gate anyway.
  if (/^ERR unknown command\b.*\b(get|evalsha)\b/i.test(error.message))
    return new UrlFormError('the server is a sentinel, which keeps no keys', SENTINEL_FORM)
  return undefined
}
