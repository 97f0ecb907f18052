import { DeployError } from '../outcome.ts'
import { isUnbelieved, ProxyFault, UNBELIEVED } from './proxy.ts'

/** What was asked, for messages: never the token, never an answer's values. */
export interface Asked {
  readonly app: string
  readonly apiUrl: string
  readonly method: 'GET' | 'POST'
  /** `/apps/shop/releases` */
  readonly path: string
  /** the same in words: `read the releases of shop` */
  readonly doing: string
  /** the narrowest scope of a token with which Heroku allows it (https://devcenter.heroku.com/articles/oauth#scopes) */
  readonly scope: 'read' | 'read-protected' | 'write' | 'write-protected'
  /** it must not be carried out twice */
  readonly once: boolean
  /** the command with which a person sees whether it was carried out, in backquotes */
  readonly look: string
}

/** The Platform API refused, or could not be asked. `preflight-failed` until the room that asked knows better. */
export class ApiError extends DeployError {
  /** the HTTP status; absent when there was no answer */
  readonly status: number | undefined
  /** it may well work a moment later: no answer, 429, 5xx */
  readonly passing: boolean
  /**
   * It was something that must not be done twice, and whether it was carried out is not known: look before you ask again.
   * Never together with `passing`.
   */
  readonly unknown: boolean

  constructor(
    fault: { status?: number; passing?: boolean; unknown?: boolean },
    message: string,
    next: string,
    cause?: unknown,
  ) {
    super('preflight-failed', message, next, { cause })
    this.status = fault.status
    this.passing = fault.passing ?? false
    this.unknown = fault.unknown ?? false
  }
}

/** `GET /apps/shop`, of bounded length: an id in it may be an answer's. */
export const requestOf = ({ method, path }: Asked) => `${method} ${path.slice(0, 200)}`

/**
 * There was no answer at all, or it broke off.
 * @param sent the request may have reached Heroku
 */
export function unreachable(cause: unknown, asked: Asked, sent: boolean): ApiError {
  if (sent && asked.once) return notKnown(`gave no answer (${reasonOf(cause)})`, asked, {}, cause)
  const message = `Heroku's API at ${asked.apiUrl} could not be reached for ${requestOf(asked)}: ${reasonOf(cause)}.`
  if (cause instanceof ProxyFault) return new ApiError({ passing: cause.passing }, message, cause.next, cause)
  if (isUnbelieved(cause)) return new ApiError({}, message, UNBELIEVED, cause)
  return new ApiError(
    { passing: true },
    message,
    'Check that the runner can reach that address, and https://status.heroku.com. If it reaches the internet only through a proxy, set ' +
      'HTTPS_PROXY for the job.',
    cause,
  )
}

/** There was an answer, but not one of Heroku's. */
export function unreadable(what: string, asked: Asked): ApiError {
  const look = asked.once
    ? ` Look with ${asked.look} whether it was carried out, before you run the job again.`
    : ''
  return new ApiError(
    { unknown: asked.once },
    `The answer of ${asked.apiUrl} to ${requestOf(asked)} is not one of Heroku's API: ${what}.`,
    `Check that no proxy or portal answers in place of Heroku and, if it is set, the environment variable HEROKU_API_URL.${look}`,
  )
}

/** A write that Heroku may have begun, and may still carry out. */
export function notKnown(what: string, asked: Asked, fault: { status?: number }, cause?: unknown): ApiError {
  return new ApiError(
    { ...fault, unknown: true },
    `Heroku's API ${what} to ${requestOf(asked)}, so whether it did what it was asked (${asked.doing}) is not known.`,
    `Look with ${asked.look} before you run the job again, and at https://status.heroku.com.`,
    cause,
  )
}

/** Of `fetch`'s errors what failed stands in the causes below. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeLimitError') return 'no answer in time'
  if (error.cause instanceof Error && !(error instanceof ProxyFault)) return reasonOf(error.cause)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
