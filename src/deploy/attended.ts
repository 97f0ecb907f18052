import { type Failure, readFailure } from '../gate/announcement.ts'
import type { HeldParticipant } from '../gate/held.ts'
import { fieldsOf, inertJson, parseJson } from '../json.ts'

/**
 * What a drain that is attended (`deploy-gate drain --attended`) and the program that attends it say to each other, a line at a time:
 * events on the drain's standard output, orders on its standard input. docs/cli.md has both.
 */

/** Of the conversation. Another one can't be held. */
export const CONVERSATION = 1

/** How a drain stands, in ms. */
export interface Standing {
  /** since the request */
  readonly elapsedMs: number
  /** how long nobody was scheduling; absent if nobody ever stopped */
  readonly quietMs?: number
}

/** What the drain tells. */
export type DrainEvent = (
  | { readonly event: 'started' }
  /** the drain is in force */
  | { readonly event: 'asked' }
  /** what one participant has done by now */
  | { readonly event: 'participant'; readonly participant: HeldParticipant }
  /** the gate is open: the new release may be made */
  | { readonly event: 'open' }
  | { readonly event: 'released' }
  /** the new release's clock was seen, on these dynos */
  | { readonly event: 'successor'; readonly dynos: readonly string[] }
  | ({ readonly event: 'failed' } & Failure)
  /** the last one: nobody is held any more, but for those that were released */
  | { readonly event: 'ended' }
) & { readonly standing?: Standing }

/** What the drain is told. */
export type Order =
  /** the new release runs: the held stay quiet for their SIGTERM */
  | { readonly word: 'released'; readonly release: string }
  /** wait for the clock of the new release, `waitMs` at the longest */
  | { readonly word: 'successor'; readonly release: string; readonly waitMs: number }
  /** the release did not come about: give everybody back, and see to it */
  | { readonly word: 'aborted' }
  /** the same, in haste */
  | { readonly word: 'cancelled' }
  /** that is all. The end of the input means the same */
  | { readonly word: 'end' }

/** Every line of an event begins so, and no line of a log. */
const BEGINNING = '{"deploy-gate":'
/** Of a line of a dyno's output 2,000 characters are shown. */
const LONGEST_LINE = 1_900
/** A text is cut as far as it must be for its line to fit. */
const LONGEST_TEXTS = [800, 400, 200, 100, 50, 20]
const MOST_DYNOS = 20

/** An event as a line without its end. */
export function eventLine(event: DrainEvent): string {
  let line = ''
  for (const longest of LONGEST_TEXTS) {
    line = inertJson(cut({ 'deploy-gate': CONVERSATION, ...event }, longest))
    if (line.length <= LONGEST_LINE) break
  }
  return line
}

function cut(value: object, longest: number): unknown {
  return JSON.parse(JSON.stringify(value), (_, one) => {
    if (Array.isArray(one)) return one.slice(0, MOST_DYNOS)
    return typeof one === 'string' && one.length > longest ? `${one.slice(0, longest - 1)}…` : one
  })
}

/** Whether a line of the output is an event, or was meant as one: all others belong to the log. */
export function isEvent(line: string): boolean {
  return line.startsWith(BEGINNING)
}

/**
 * What the line of an event tells: the version of the conversation if that is another one, `undefined` where it can't be read. Texts
 * come from the app: escape them before showing.
 */
export function readEvent(line: string): DrainEvent | { readonly foreign: string } | undefined {
  const fields = fieldsOf(parseJson(line))
  const version = fields['deploy-gate']
  if (typeof version !== 'number') return undefined
  if (version !== CONVERSATION) return { foreign: String(version) }
  const standing = readStanding(fields.standing)
  const told = readTold(fields)
  return told && { ...told, ...(standing && { standing }) }
}

function readTold(fields: Record<string, unknown>): DrainEvent | undefined {
  const { event, dynos } = fields
  switch (event) {
    case 'started':
    case 'asked':
    case 'open':
    case 'released':
    case 'ended':
      return { event }
    case 'successor':
      return { event, dynos: Array.isArray(dynos) ? dynos.filter((one) => typeof one === 'string') : [] }
    case 'participant': {
      const participant = readParticipant(fieldsOf(fields.participant))
      return participant && { event, participant }
    }
    case 'failed': {
      const failure = readFailure(fields)
      return failure && { event, ...failure }
    }
    default:
      return undefined
  }
}

function readParticipant(fields: Record<string, unknown>): HeldParticipant | undefined {
  const { id, dyno, type, state, seenMs = 0 } = fields
  if (typeof id !== 'string' || typeof dyno !== 'string' || typeof type !== 'string') return undefined
  if (typeof state !== 'string' || !isCount(seenMs)) return undefined
  const numbers = ['acceptedMs', 'drainedMs', 'resumedMs', 'finished', 'stored', 'lost'].flatMap((name) =>
    isCount(fields[name]) ? [[name, fields[name]]] : [],
  )
  const { note } = fields
  return {
    ...{ id, dyno, type, state, seenMs },
    ...Object.fromEntries(numbers),
    ...(typeof note === 'string' && { note }),
  }
}

function readStanding(value: unknown): Standing | undefined {
  const { elapsedMs, quietMs } = fieldsOf(value)
  return isCount(elapsedMs) ? { elapsedMs, ...(isCount(quietMs) && { quietMs }) } : undefined
}

/** An order as a line without its end. */
export function orderLine(order: Order): string {
  switch (order.word) {
    case 'released':
      return `released ${order.release}`
    case 'successor':
      return `successor ${order.release} ${Math.ceil(order.waitMs)}`
    default:
      return order.word
  }
}

/** `undefined` for what is no order. */
export function readOrder(line: string): Order | undefined {
  const [word, release, wait, ...more] = line.trim().split(/ +/)
  if (more.length > 0) return undefined
  const isRelease = /^v\d{1,9}$/.test(release ?? '')
  if (word === 'released' && isRelease && wait === undefined) return { word, release: release as string }
  if (word === 'successor' && isRelease && /^\d{1,9}$/.test(wait ?? ''))
    return { word, release: release as string, waitMs: Number(wait) }
  const plain = (['aborted', 'cancelled', 'end'] as const).find((one) => one === word)
  return plain && release === undefined ? { word: plain } : undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
