import { formatDuration } from '../duration.ts'
import { withinLimit } from '../heroku/time-limit.ts'
import type { Log } from '../log.ts'
import { oneLine } from '../one-line.ts'
import { DeployError } from '../outcome.ts'
import type { Time } from '../time.ts'
import type { HealthCheck } from './plan.ts'

/** Heroku's router itself gives up after 30 s. */
const ANSWER_WITHIN_MS = 30_000
/** It is asked once more when the time is over. */
const LAST_ANSWER_WITHIN_MS = 1_000
/** How much of an answer is looked through. */
const MOST_BYTES = 1_048_576
const SHOWN = 120
/** What is shorter is no key, and would be found everywhere. */
const SHORTEST_KEY = 4

/**
 * Asks until the answer is well or the time is over, and says what is wrong with it when that is news. No redirect is followed: 301 is an
 * answer. What follows the path of the address shows nowhere: a key may stand there.
 * @param webUrl the app's own URL, to which a path belongs; empty when it has none
 * @throws DeployError `health-check-failed` when the time is over, with what was wrong at last
 */
export async function checkHealth(
  check: HealthCheck,
  webUrl: string,
  release: string,
  around: {
    readonly fetch: typeof fetch
    readonly log: Log
    readonly time: Time
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { log, time, signal } = around
  const { timeoutMs, intervalMs } = check
  const url = addressOf(check.url, webUrl)
  if (url === undefined) {
    throw new DeployError(
      'health-check-failed',
      `${release} is released, but its health can't be checked: health-check-url is a path, and the app has no URL of its own.`,
      'Give the whole address in health-check-url.',
    )
  }
  const began = time.now()
  let told = ''
  for (let tries = 1; ; tries++) {
    const left = began + timeoutMs - time.now()
    const limitMs = Math.min(ANSWER_WITHIN_MS, Math.max(LAST_ANSWER_WITHIN_MS, left))
    const trouble = await ask(url, check, limitMs, around)
    signal.throwIfAborted()
    if (trouble === undefined) {
      log.info(`${shown(url)} answers well${tries > 1 ? `, at the ${ordinal(tries)} time of asking` : ''}`)
      return
    }
    const rest = began + timeoutMs - time.now()
    if (rest <= 0) throw unhealthy(url, release, tries, timeoutMs, trouble)
    if (trouble !== told) log.info(`${shown(url)} ${trouble}; asking every ${formatDuration(intervalMs)}`)
    told = trouble
    await time.sleep(Math.min(intervalMs, rest), signal)
  }
}

function addressOf(url: string, webUrl: string): string | undefined {
  if (!url.startsWith('/')) return url
  return URL.canParse(url, webUrl) ? new URL(url, webUrl).href : undefined
}

/** Without what follows the path. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

/** What was wrong, as it follows the address; `undefined` when all was well. */
async function ask(
  url: string,
  { statuses, body }: HealthCheck,
  limitMs: number,
  { fetch, time, signal }: { fetch: typeof globalThis.fetch; time: Time; signal: AbortSignal },
): Promise<string | undefined> {
  try {
    return await withinLimit(limitMs, { time, signal }, async (limit) => {
      const headers = { 'User-Agent': 'heroku-deploy-gate', Accept: '*/*' }
      const answer = await fetch(url, { headers, redirect: 'manual', signal: limit })
      const text = await beginningOf(answer)
      const says = quoted(text, url)
      const { status } = answer
      if (!statuses.some(([first, last]) => status >= first && status <= last)) {
        return `answered ${status}${redirection(answer, url)}${says}`
      }
      if (body === undefined || text.includes(body)) return undefined
      return `answered ${status}, without the text that health-check-body wants${says}`
    })
  } catch (error) {
    signal.throwIfAborted()
    return `gave no answer (${reasonOf(error, limitMs)})`
  }
}

/** Where to, so that the reader can ask there instead. */
function redirection({ headers }: Response, url: string): string {
  const to = headers.get('location')
  return to !== null && URL.canParse(to, url) ? `, a redirect to ${shown(new URL(to, url).href)}` : ''
}

/** The beginning of an answer, in brackets; without what it repeats of the question. */
function quoted(text: string, url: string): string {
  const { search, searchParams } = new URL(url)
  const asked = [search.slice(1), ...searchParams.values()].filter((value) => value.length >= SHORTEST_KEY)
  const hidden = asked.reduce((rest, value) => rest.replaceAll(value, '***'), text)
  const beginning = oneLine(hidden, SHOWN)
  return beginning === '' ? '' : ` ("${beginning}")`
}

async function beginningOf({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body ?? []) {
    pieces.push(piece)
    bytes += piece.byteLength
    if (bytes >= MOST_BYTES) break
  }
  return Buffer.concat(pieces).toString()
}

/** `fetch` says only "fetch failed"; what failed stands in the causes below. */
function reasonOf(error: unknown, limitMs: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeLimitError') return `none within ${formatDuration(limitMs)}`
  if (error.cause instanceof Error) return reasonOf(error.cause, limitMs)
  return error.message || ('code' in error ? String(error.code) : error.name)
}

function ordinal(number: number): string {
  const last = number % 10
  const teen = number % 100 >= 11 && number % 100 <= 13
  return `${number}${teen ? 'th' : last === 1 ? 'st' : last === 2 ? 'nd' : last === 3 ? 'rd' : 'th'}`
}

function unhealthy(
  url: string,
  release: string,
  tries: number,
  timeoutMs: number,
  trouble: string,
): DeployError {
  return new DeployError(
    'health-check-failed',
    `${release} is released, but ${shown(url)} did not answer well within ${formatDuration(timeoutMs)} (asked ${tries === 1 ? 'once' : `${tries} times`}): at last it ${trouble}.`,
    'See why in the log of the app (`heroku logs`). If it is only slow to boot, raise health-check-timeout.',
  )
}
