import { createLineSplitter } from '../process/lines.ts'
import { plain } from './api-answers.ts'
import { reasonOf } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import { createFetch } from './http.ts'
import { ProxyFault } from './proxy.ts'
import { TimeLimitError, withinLimit } from './time-limit.ts'

/** What the reader of an output works with. */
export interface OutputCollaborators
  extends Pick<Collaborators, 'log' | 'time' | 'signal' | 'env' | 'fetch'> {
  /** puts `***` for the secrets in a line; see `maskOf` */
  readonly hide: (line: string) => string
  /** what shows the output to a person: `heroku releases:output v43 --app shop` */
  readonly command: string
}

/** A stream that has begun takes up to some seconds to be there. */
const FIRST_LOOK_MS = 1_000
const LONGEST_LOOK_MS = 5_000
/** Networks forget connections through which nothing goes, and tell nobody: GitHub's after four minutes. */
const SILENCE_MS = 60_000
const TRIES = 5
const REDIRECTS = 3

/**
 * Gives what a release phase prints to `onLine`, line by line and each once, as it comes, until it ends. Heroku serves the whole output from
 * its beginning whenever it is asked for, also after the phase, so a connection that broke is made again. As long as there is nothing, it
 * looks again: how long is up to the signal, with whose reason it rejects.
 *
 * That it can't be read is no error of a deploy: it resolves after one warning.
 * @param url `Release.outputStreamUrl`. It gives access by itself: no token is sent.
 */
export async function streamOutput(
  url: string,
  collaborators: OutputCollaborators,
  onLine: (line: string) => void,
): Promise<void> {
  const { log, time, signal, hide, command } = collaborators
  let shown = 0
  let looks = 0
  let failures = 0
  for (;;) {
    const shownBefore = shown
    let seen = 0
    const show = (line: string) => {
      seen++
      if (seen <= shown) return
      shown = seen
      onLine(hide(line))
    }
    try {
      const found = await readOnce(url, collaborators, show)
      if (found) return
      if (shown > 0) throw new UnreadError('it is gone', true)
      await time.sleep(Math.min(FIRST_LOOK_MS * 2 ** looks++, LONGEST_LOOK_MS), signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof UnreadError)) throw error
      if (error.silent) continue
      failures = shown > shownBefore ? 1 : failures + 1
      if (!error.passing || failures === TRIES) {
        const what = shown > 0 ? 'What else the release phase prints' : 'What the release phase prints'
        log.warning(`${what} can't be read (${plain(hide(error.message))}); see it with \`${command}\``)
        return
      }
      await time.sleep(FIRST_LOOK_MS * 2 ** (failures - 1), signal)
    }
  }
}

/** One attempt at reading has failed. */
class UnreadError extends Error {
  /** it may well work a moment later */
  readonly passing: boolean
  /** nothing came for a while, which may be all there was to come */
  readonly silent: boolean

  constructor(reason: string, passing: boolean, silent = false) {
    super(reason)
    this.passing = passing
    this.silent = silent
  }
}

/**
 * Reads from the beginning to the end.
 * @returns whether there was anything to read
 * @throws UnreadError
 */
async function readOnce(
  url: string,
  collaborators: OutputCollaborators,
  onLine: (line: string) => void,
): Promise<boolean> {
  const { time, signal } = collaborators
  const attempt = new AbortController()
  const within = <T>(work: () => Promise<T>) =>
    withinLimit(SILENCE_MS, { time, signal }, (limit) => {
      limit.addEventListener('abort', () => attempt.abort(limit.reason), { once: true })
      return work()
    })
  try {
    const response = await within(() => open(url, collaborators, attempt.signal)).catch(unread(false))
    const { status, ok } = response
    if (status === 404 || status === 204) return false
    if (!ok || !response.body) {
      throw new UnreadError(`it is answered with ${status}`, status === 429 || status >= 500)
    }
    const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader()
    const lines = createLineSplitter(onLine)
    for (;;) {
      const { done, value } = await within(() => reader.read()).catch(unread(true))
      if (done) break
      // Heroku sends zeros while there is nothing else, to keep the connection.
      lines.write(Buffer.from(value.filter((byte) => byte !== 0)))
    }
    lines.end()
    return true
  } finally {
    attempt.abort()
  }
}

/** Follows redirects, since there is no token that would go along. */
async function open(
  url: string,
  { env, fetch = createFetch(env) }: OutputCollaborators,
  signal: AbortSignal,
): Promise<Response> {
  let from = url
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    if (!isOpen(from)) throw new UnreadError('its address is not one of https', false)
    const response = await fetch(from, {
      headers: { 'User-Agent': 'heroku-deploy-gate' },
      redirect: 'manual',
      signal,
    })
    const to = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || to === null || !URL.canParse(to, from))
      return response
    await response.body?.cancel()
    from = new URL(to, from).href
  }
  throw new UnreadError('it is redirected without an end', false)
}

/** Without TLS only on this machine, for trials. */
function isOpen(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && hostname === '127.0.0.1')
}

/** @param begun the output was there, so silence may be its own */
function unread(begun: boolean): (error: unknown) => never {
  return (error) => {
    if (error instanceof UnreadError) throw error
    const passing = error instanceof ProxyFault ? error.passing : true
    throw new UnreadError(reasonOf(error), passing, begun && error instanceof TimeLimitError)
  }
}
