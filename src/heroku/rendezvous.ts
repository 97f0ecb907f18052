import { Agent } from 'node:https'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { DeployError } from '../outcome.ts'
import { reasonOf } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import { withinLimit } from './time-limit.ts'

/** A dyno's input and output, which come over one connection that can be made once. */
export interface Rendezvous {
  /** resolves when the dyno has taken the other end, and never when the connection ends before */
  readonly joined: Promise<void>
  /** Resolves when the connection has ended, with the reason where it did not end in order. Never rejects. */
  readonly closed: Promise<string | undefined>
  write(text: string): void
  /** Ends the connection at once. */
  close(): void
}

const CONNECT_LIMIT_MS = 30_000
const KEEP_ALIVE_MS = 30_000
/** What Heroku says first, once both ends are there. */
const GREETING = /^rendezvous\r?\n/
/** Longer than the greeting: what is no greeting is shown without waiting for the end of its line. */
const LONGEST_GREETING = 64

/**
 * Attaches to a one-off dyno by the `attach_url` of Heroku's answer, `rendezvous://host:port/secret`: TLS, the secret on a
 * line of its own, and then the dyno's output as it is. Through a proxy where the environment names one (HTTPS_PROXY,
 * NO_PROXY, in either case).
 * @param onOutput gets the output, without Heroku's greeting
 * @throws DeployError `failed` when the dyno can't be attached to, or the signal's reason
 */
export async function attach(
  dyno: { readonly name: string; readonly attachUrl: string },
  collaborators: Pick<Collaborators, 'env' | 'time' | 'signal'>,
  onOutput: (piece: Buffer) => void,
): Promise<Rendezvous> {
  const place = readAttachUrl(dyno)
  const socket = await connect(place, collaborators).catch((error: unknown) => {
    collaborators.signal.throwIfAborted()
    throw unattached(dyno.name, place, error)
  })
  const joined = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<string | undefined>()
  let reason: string | undefined
  let beginning: Buffer | undefined = Buffer.alloc(0)
  socket.on('data', (piece: Buffer) => {
    if (beginning === undefined) return onOutput(piece)
    beginning = Buffer.concat([beginning, piece])
    if (!beginning.includes('\n') && beginning.length < LONGEST_GREETING) return
    const [greeting = ''] = GREETING.exec(beginning.toString('latin1')) ?? []
    const rest = beginning.subarray(greeting.length)
    beginning = undefined
    joined.resolve()
    if (rest.length > 0) onOutput(rest)
  })
  socket.on('error', (error) => {
    reason = reasonOf(error)
  })
  socket.once('close', () => {
    // What never became a greeting may tell why.
    if (beginning?.length) onOutput(beginning)
    closed.resolve(reason)
  })
  socket.write(`${place.secret}\r\n`)
  return {
    joined: joined.promise,
    closed: closed.promise,
    write: (text) => void socket.write(text),
    close: () => void socket.destroy(),
  }
}

interface Place {
  readonly host: string
  readonly port: number
  readonly secret: string
}

/** The secret of an `attach_url`, for masks; empty when it has none. */
export function attachSecret(attachUrl: string): string {
  const url = URL.parse(attachUrl)
  return url ? `${url.pathname}${url.search}`.slice(1) : ''
}

function readAttachUrl({ name, attachUrl }: { name: string; attachUrl: string }): Place {
  const url = URL.parse(attachUrl)
  const secret = attachSecret(attachUrl)
  if (url?.protocol === 'rendezvous:' && url.hostname !== '' && /^[\x21-\x7e]+$/.test(secret)) {
    return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || 5000), secret }
  }
  // Not quoted: whatever it is, a secret may be in it.
  if (url?.protocol === 'https:' || url?.protocol === 'http:') {
    throw new DeployError(
      'failed',
      `Heroku lets ${name} be attached to by SSH only, as in a Shield Private Space, and this step does not speak SSH.`,
      'Let the drain run in the release phase instead: `drain-at: release-phase`.',
    )
  }
  throw new DeployError(
    'failed',
    `Heroku's answer names no place at which ${name} could be attached to.`,
    'Check that no proxy answers in place of Heroku, and look at https://status.heroku.com.',
  )
}

/** A connection of which the certificate has been checked. What is half done when the limit or the signal ends it is destroyed. */
function connect(
  { host, port }: Place,
  { env, time, signal }: Pick<Collaborators, 'env' | 'time' | 'signal'>,
): Promise<Duplex> {
  return withinLimit(
    CONNECT_LIMIT_MS,
    { time, signal },
    (limit) =>
      new Promise((resolve, reject) => {
        limit.throwIfAborted()
        const opened: Duplex[] = []
        const fail = (error: unknown) => {
          limit.removeEventListener('abort', stop)
          for (const socket of opened) socket.destroy()
          reject(error)
        }
        const stop = () => fail(limit.reason)
        const keep = (socket: Duplex) => {
          // The first error counts; those that follow from it are of no interest.
          socket.on('error', fail)
          opened.push(socket)
        }
        const done = (socket: Duplex) => {
          limit.removeEventListener('abort', stop)
          for (const each of opened) each.off('error', fail).on('error', () => {})
          resolve(socket)
        }
        limit.addEventListener('abort', stop, { once: true })
        // Node's own knowledge of proxies. Through one, the callback gets the connection; else it is what is returned.
        const socket = new Agent({ proxyEnv: env }).createConnection(
          { host, port, ...(isName(host) && { servername: host }) } as object,
          (error, tunnelled) => {
            if (tunnelled) keep(tunnelled)
            if (error || limit.aborted) return fail(error ?? limit.reason)
            done(tunnelled)
          },
        ) as TLSSocket
        keep(socket)
        socket.setKeepAlive(true, KEEP_ALIVE_MS)
        if (socket.encrypted) socket.once('secureConnect', () => done(socket))
      }),
  )
}

/** TLS knows servers by name, not by address. */
const isName = (host: string) => !/^[\d.]+$|:/.test(host)

function unattached(name: string, { host, port }: Place, error: unknown): DeployError {
  const where = `${host}:${port}`
  const refusal = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  if (refusal !== undefined) {
    return new DeployError(
      'failed',
      `The proxy of this runner (HTTPS_PROXY) lets nobody through to ${where}, where the output of ${name} is: it answered ` +
        `${refusal}.`,
      `Allow CONNECT to ${where} in the proxy, or, if the runner reaches it without the proxy, add ${host} to NO_PROXY.`,
      { cause: error },
    )
  }
  return new DeployError(
    'failed',
    `The output of ${name} could not be attached to at ${where}: ${reasonOf(error)}.`,
    `Check that this runner may connect to ${where}, directly or through the proxy in HTTPS_PROXY. If a proxy opens TLS, name the ` +
      'file with its certificate in NODE_EXTRA_CA_CERTS.',
    { cause: error },
  )
}
