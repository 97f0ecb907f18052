import pRetry, { AbortError } from 'p-retry'
import { formatDuration } from '../duration.ts'
import { plain, UnreadableAnswerError } from './api-answers.ts'
import { ApiError, type Asked, reasonOf, requestOf, unreachable, unreadable } from './api-error.ts'
import { refusal, type Said } from './api-refusal.ts'
import type { Collaborators } from './collaborators.ts'
import { maskOf } from './credentials.ts'
import { createFetch, neverSent } from './http.ts'
import { withinLimit } from './time-limit.ts'

/** One call of the API. */
export interface Call extends Pick<Asked, 'method' | 'path' | 'doing' | 'scope' | 'look'> {
  /** which part of a list, and in which order */
  readonly range?: string
  /** sent as JSON */
  readonly body?: unknown
  /**
   * It may be carried out twice without harm, so it is repeated when it is not known whether it was carried out.
   * Reads always are.
   */
  readonly repeatable?: boolean
}

/**
 * Makes a call, repeated where that can help and do no harm: a read after no answer, 429 and 5xx; a write after 429, and when it
 * certainly did not leave this machine.
 * @param read makes the result of the answer's JSON; throws `UnreadableAnswerError`. `next` is the range of what a list has further.
 * @throws ApiError, with `unknown` when a write may have been carried out all the same; the signal's reason
 */
export type Ask = <T>(
  call: Call,
  signal: AbortSignal,
  read: (value: unknown, next: string | undefined) => T,
) => Promise<T>

/** More than 200 of a list come in several answers; nobody has so many dynos. */
const MOST_PAGES = 25

/** The whole of a list: Heroku gives at most 200 at once (https://devcenter.heroku.com/articles/platform-api-reference#ranges). */
export async function askForAll<T>(
  ask: Ask,
  call: Call,
  signal: AbortSignal,
  read: (value: unknown) => T[],
): Promise<T[]> {
  const all: T[] = []
  let range: string | undefined
  for (let page = 0; page < MOST_PAGES; page++) {
    const { found, next } = await ask({ ...call, ...(range && { range }) }, signal, (value, next) => ({
      found: read(value),
      next,
    }))
    all.push(...found)
    if (!next) break
    range = next
  }
  return all
}

const TRIES = 5
const ATTEMPT_LIMIT_MS = 15_000
const LONGEST_WAIT_MS = 60_000
/** Above anything that these calls answer with: config vars are limited to 32 KB, a release is about 1 KB. */
const LONGEST_ANSWER = 1_048_576

/** The token stays inside: nothing that is thrown holds it. */
export function createApiClient(
  address: { readonly app: string; readonly apiUrl: string; readonly apiKey: string },
  collaborators: Pick<Collaborators, 'log' | 'time' | 'fetch' | 'random' | 'env'>,
): Ask {
  const { app, apiUrl, apiKey } = address
  const base = apiUrl.replace(/\/+$/, '')
  const mask = maskOf(apiKey)
  const fetch = collaborators.fetch ?? createFetch(collaborators.env)

  async function attempt(asked: Asked, call: Call, signal: AbortSignal): Promise<Answer> {
    const response = await fetch(base + call.path, {
      method: call.method,
      headers: {
        Accept: 'application/vnd.heroku+json; version=3',
        Authorization: `Bearer ${apiKey}`,
        'User-Agent': 'heroku-deploy-gate',
        ...(call.range && { Range: call.range }),
        ...(call.body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      redirect: 'manual',
      signal,
    })
    const body = await readBody(response)
    const next = response.status === 206 ? response.headers.get('next-range') : null
    if (response.ok) return { value: parse(body), ...(next && { next }) }
    const error = refusal(response.status, spoken(body, mask), asked)
    throw error.passing ? new PassingFault(error, retryAfterMs(response)) : error
  }

  return (call, signal, read) => {
    const { method, path, doing, scope, look } = call
    const once = method !== 'GET' && !call.repeatable
    const asked: Asked = { app, apiUrl: base, method, path, doing, scope, once, look }
    return pRetry(
      async () => {
        try {
          const limited = { time: collaborators.time, signal }
          const { value, next } = await withinLimit(ATTEMPT_LIMIT_MS, limited, (limit) =>
            attempt(asked, call, limit),
          )
          return read(value, next)
        } catch (error) {
          if (error instanceof PassingFault || error instanceof ApiError) throw final(error)
          if (error instanceof UnreadableAnswerError) throw final(unreadable(error.message, asked))
          const fault = unreachable(error, asked, !neverSent(error))
          throw fault.passing ? new PassingFault(fault) : final(fault)
        }
      },
      {
        retries: TRIES - 1,
        // The waiting is done below, by the time that came in and as long as the server asks.
        minTimeout: 0,
        signal,
        async onFailedAttempt({ error, attemptNumber, retriesLeft }) {
          if (retriesLeft === 0 || !(error instanceof PassingFault)) return
          const waitMs = error.retryAfterMs ?? backoffMs(attemptNumber, collaborators.random ?? Math.random)
          const what = error.error.status
            ? `Heroku's API answered ${error.error.status} to ${requestOf(asked)}`
            : `Heroku's API gave no answer to ${requestOf(asked)} (${reasonOf(error.error.cause)})`
          const again = `trying again in ${formatDuration(waitMs)} (${attemptNumber + 1} of ${TRIES})`
          collaborators.log.info(`${what}; ${again}`)
          await collaborators.time.sleep(waitMs, signal)
        },
      },
    ).catch((error: unknown) => {
      throw error instanceof PassingFault ? error.error : error
    })
  }
}

interface Answer {
  readonly value: unknown
  readonly next?: string
}

/** Worth another attempt. Wraps, so that the last one surfaces as the plain error. */
class PassingFault extends Error {
  readonly error: ApiError
  readonly retryAfterMs: number | undefined

  constructor(error: ApiError, retryAfterMs?: number) {
    super(error.message)
    this.error = error
    this.retryAfterMs = retryAfterMs
  }
}

const final = (error: PassingFault | ApiError) => (error instanceof ApiError ? new AbortError(error) : error)

/** 0.5–1 s, 1–2 s, 2–4 s, 4–8 s: jittered, so that several jobs don't come back together. */
function backoffMs(attemptNumber: number, random: () => number): number {
  return Math.round(500 * 2 ** (attemptNumber - 1) * (1 + random()))
}

/** `Retry-After` in seconds or as a date, bounded: a job should rather fail than sleep for an hour. */
function retryAfterMs(response: Response): number | undefined {
  const header = response.headers.get('retry-after')?.trim()
  if (!header) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_WAIT_MS) : undefined
}

async function readBody(response: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of response.body ?? []) {
    length += piece.byteLength
    if (length > LONGEST_ANSWER) throw new UnreadableAnswerError('it is longer than 1 MiB')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new UnreadableAnswerError('it is not JSON')
  }
}

/** What Heroku's error answers say of themselves. */
function spoken(body: string, mask: (text: string) => string): Said {
  const fields = errorFields(body)
  const shown = (value: unknown) => (typeof value === 'string' ? plain(mask(value)) : '')
  return { id: shown(fields.id), message: shown(fields.message), resource: shown(fields.resource) }
}

function errorFields(body: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(body))
  } catch {
    return {}
  }
}
