import type { Redis } from 'ioredis'
import pRetry, { AbortError } from 'p-retry'
import { formatDuration } from '../duration.ts'
import type { Log } from '../log.ts'
import { DeployError } from '../outcome.ts'
import { describeAddress, describeHost, type RedisAddress } from './address.ts'
import { LookupError } from './ask.ts'
import { backoff, createClient, type LinkTerms } from './client.ts'
import { PinError, type Trust } from './connector.ts'
import type { UrlOrigin } from './origin.ts'
import { formOf, UrlFormError } from './trouble.ts'

const ATTEMPTS = 5

/** A deployer's patience with its connection, in real ms whatever time it lives by. */
export interface Patience {
  /** a command without its reply for so long fails */
  readonly commandMs: number
  /** a link that owes a reply and is silent for so long is made anew */
  readonly silentLinkMs: number
  /** between attempts to connect again, at the most */
  readonly reconnectMs: number
  /** between attempts at the first connection: before the second, and at the most */
  readonly firstMs: { readonly least: number; readonly most: number }
}

const PATIENCE: Patience = {
  commandMs: 10_000,
  silentLinkMs: 5_000,
  reconnectMs: 2_000,
  firstMs: { least: 300, most: 5_000 },
}

/** Which server, how far it is trusted, and whose words tell what to do when it can't be used. */
export interface Destination {
  readonly address: RedisAddress
  readonly trust: Trust
  readonly origin: UrlOrigin
  /** any key of what will be asked for: a cluster keeps it on one node */
  readonly key?: string
}

/**
 * A connected client for the deployer. The first connection is tried five times, jittered; one that is lost later is made anew for
 * as long as the client is open, because a lease is at stake. Each attempt is a line in the log.
 * @param onConnected may ask already, before it is sure that the server is of the form of its URL: a far one is waited for only once
 * @throws DeployError (`preflight-failed`) that names the cause and what to do; the signal's reason when it aborts
 */
export async function connectRedis(
  { address, trust, origin, key }: Destination,
  log: Log,
  signal: AbortSignal,
  patience = PATIENCE,
  onConnected: (client: Redis) => void = () => {},
): Promise<Redis> {
  const name = describeAddress(address)
  let connectedOnce = false
  let closing = false
  let cause: Error | undefined
  const terms: LinkTerms = {
    commandTimeoutMs: patience.commandMs,
    silentLinkMs: patience.silentLinkMs,
    retryDelay(attempt) {
      // `connect()` is what is tried again until there was a connection.
      if (!connectedOnce || closing) return null
      const delay = backoff(attempt, patience.reconnectMs)
      log.warning(
        `${name}: the connection was lost${cause ? ` (${cause.message})` : ''}; trying again in ${formatDuration(delay)} (attempt ${attempt})`,
      )
      return delay
    },
    onServer: (server) => log.info(`${name}: it is ${describeHost(server)} now`),
  }
  const client = createClient(address, trust, terms, key)
  // ioredis rejects with "Connection is closed"; the reason comes here only.
  client.on('error', (error: Error) => {
    cause = error
  })
  client.on('ready', () => {
    // ioredis is ready even when SELECT was refused, and would go on in database 0.
    if (cause && isSelect(cause)) return
    if (connectedOnce) log.info(`${name}: connected again`)
    connectedOnce = true
    cause = undefined
  })
  const abort = () => client.disconnect()
  signal.addEventListener('abort', abort, { once: true })
  try {
    await pRetry(
      async () => {
        cause = undefined
        try {
          await client.connect()
          if (cause) throw cause
          onConnected(client)
          if (key !== undefined && address.topology === undefined) await checkForm(client, key)
        } catch (error) {
          const reason = cause ?? (error instanceof Error ? error : new Error(String(error)))
          throw isFinal(reason) ? new AbortError(reason) : reason
        }
      },
      {
        retries: ATTEMPTS - 1,
        minTimeout: patience.firstMs.least,
        maxTimeout: patience.firstMs.most,
        randomize: true,
        signal,
        onFailedAttempt: ({ error, attemptNumber, retriesLeft, retryDelay }) => {
          if (retriesLeft > 0)
            log.warning(
              `${name}: ${error.message}; trying again in ${formatDuration(retryDelay)} (${attemptNumber + 1} of ${ATTEMPTS})`,
            )
        },
      },
    )
  } catch (error) {
    closing = true
    client.disconnect()
    signal.throwIfAborted()
    throw explain(address, origin, cause ?? (error as Error))
  } finally {
    signal.removeEventListener('abort', abort)
  }
  return client
}

/** A node of a cluster or a sentinel lets everybody in, and refuses what comes then. */
async function checkForm(client: Redis, key: string): Promise<void> {
  try {
    await client.get(key)
  } catch (error) {
    const form = formOf(error as Error)
    if (form) throw form
    // Any other refusal is told by whoever needs more than this.
  }
}

function isSelect(error: Error & { command?: { name: string } }): boolean {
  return error.command?.name === 'select'
}

/** Trying again would give the same answer. */
function isFinal(error: Error): boolean {
  if (error instanceof LookupError) return isFinal(error.cause)
  return (
    error instanceof PinError ||
    error instanceof UrlFormError ||
    isSelect(error) ||
    /^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH)/.test(error.message) ||
    isCertificate(error)
  )
}

function isCertificate(error: Error & { code?: string }): boolean {
  return /SELF_SIGNED|UNABLE_TO_VERIFY|CERT_|ERR_TLS_CERT/.test(error.code ?? '')
}

function explain(address: RedisAddress, origin: UrlOrigin, error: Error & { code?: string }): DeployError {
  const [what, next] = reasons(error, address.tls, origin)
  return new DeployError('preflight-failed', `${describeAddress(address)}: ${what}`, next, { cause: error })
}

function reasons(
  error: Error & { code?: string },
  tls: boolean,
  origin: UrlOrigin,
): [what: string, next: string] {
  if (error instanceof LookupError) return lookupReasons(error, tls, origin)
  if (error instanceof UrlFormError) return [`${error.message}.`, `${error.next} ${origin.wrongUrl}`]
  if (error instanceof PinError) {
    return [
      `${error.message}.`,
      `If the certificate was renewed (maintenance does that), check it and put its new fingerprint into ${origin.pin}. If it was not, somebody is in between: do not deploy.`,
    ]
  }
  if (/^(WRONGPASS|NOAUTH|ERR invalid password|ERR AUTH)/.test(error.message)) {
    return [
      `the server did not accept the user or password of the URL (${error.message.split(' ')[0]}).`,
      origin.staleLogin,
    ]
  }
  if (error.message.startsWith('NOPERM')) {
    return [
      `the user of the URL lacks a right (${error.message}).`,
      'Give the user the rights that docs/redis.md lists, or use the URL of the default user.',
    ]
  }
  if (error.message.startsWith('ERR DB index')) {
    return [
      'the server has no database of the number in the URL.',
      "Leave the number out, as in redis://host:6379; the clock's URL must name the same database.",
    ]
  }
  if (isCertificate(error)) {
    return [`its certificate was not accepted (${error.message}).`, origin.unsignedCertificate]
  }
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return [`there is no host of that name (${error.code}).`, origin.wrongUrl]
  }
  if (/wrong version number|EPROTO/.test(`${error.message} ${error.code}`)) {
    return [
      'the server does not speak TLS there.',
      'Use redis:// for a server without TLS, or the port on which it speaks TLS.',
    ]
  }
  // A server that waits for the other kind of words hangs up on the one, and says nothing to the other.
  const kind =
    !tls && /ECONNRESET|EPIPE/.test(error.code ?? '')
      ? "If it speaks TLS there, as Heroku's Key-Value Store does, the URL must begin with rediss://. "
      : tls && error.code === 'ETIMEDOUT'
        ? 'If it does not speak TLS there, the URL must begin with redis://. '
        : ''
  return [
    `no connection could be made in ${ATTEMPTS} attempts (${error.message || error.code}).`,
    `${kind}${origin.unreachable}`,
  ]
}

/** Why it could not be found out which server to connect to. */
function lookupReasons(error: LookupError, tls: boolean, origin: UrlOrigin): [what: string, next: string] {
  const { asked, cause } = error
  if (asked.startsWith('the sentinel') && /^(WRONGPASS|NOAUTH)/.test(cause.message)) {
    return [
      `${asked} did not accept the login (${cause.message.split(' ')[0]}).`,
      `The sentinels have a login of their own: ?sentinel-user=…&sentinel-password=… at the end of the URL. ${origin.wrongUrl}`,
    ]
  }
  if (cause.message.startsWith('it knows no primary')) {
    return [
      `${asked}: ${cause.message}.`,
      `The name stands in the URL after the hosts, and SENTINEL MASTERS lists those that there are. ${origin.wrongUrl}`,
    ]
  }
  const [what, next] = reasons(cause, tls, origin)
  return [`${asked}: ${what}`, next]
}
