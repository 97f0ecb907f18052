import { fieldsOf, parseJson } from '../json.ts'
import { type DeployError, isSuccess, OUTCOMES } from '../outcome.ts'
import { PROTOCOL_VERSION } from '../protocol/row.ts'
import { readAsker } from './asker.ts'
import type { AskedType, Asker, DrainTerms, ExpectedDyno } from './terms.ts'

/** A deploy whose drain its own release phase will ask for, as it is written in Redis. */
export interface AnnouncedDeploy {
  /** the deploy's own name: the drain will have it */
  readonly id: string
  readonly asker: Asker
  /** once it was taken: those that the release phase asks by */
  readonly terms: DrainTerms
  /** the dyno that took it, and a random part; absent while nobody has */
  readonly taken?: string
  /** how the drain ended, if it failed in the release phase */
  readonly failure?: Failure
}

/** How a drain failed, in the words of the process that asked for it. */
export interface Failure {
  readonly outcome: ConstructorParameters<typeof DeployError>[0]
  readonly message: string
  readonly next: string
}

/** More types than an app has. */
const MOST_ENTRIES = 1_000
/** A message names a few of them, and the server takes no announcement of more than 32 KiB for one. */
const MOST_EXPECTED = 100
/** Characters of a sentence, and of a name. */
const LONGEST_TEXT = 2_000
const LONGEST_NAME = 300

export function writeAnnouncement(announced: AnnouncedDeploy): string {
  const { failure, terms, ...rest } = announced
  const expected = terms.expected?.slice(0, MOST_EXPECTED)
  const cut = failure && {
    ...failure,
    message: failure.message.slice(0, LONGEST_TEXT),
    next: failure.next.slice(0, LONGEST_TEXT),
  }
  return JSON.stringify({
    v: PROTOCOL_VERSION,
    ...rest,
    terms: { ...terms, ...(expected && { expected }) },
    ...(cut && { failure: cut }),
  })
}

/** What `text` announces; `undefined` for what is no announcement of this version. Its texts come from outside: escape them before showing. */
export function readAnnouncement(text: string): AnnouncedDeploy | undefined {
  const raw = fieldsOf(parseJson(text))
  const id = name(raw.id)
  const asker = readAsker(JSON.stringify(raw.asker ?? null))
  const terms = readTerms(fieldsOf(raw.terms))
  if (raw.v !== PROTOCOL_VERSION || !id || terms === undefined) return undefined
  const [taken, failure] = [name(raw.taken), readFailure(fieldsOf(raw.failure))]
  // Somebody stands behind it, whatever it says.
  const { holds: _, ...who } = asker
  return {
    id,
    asker: { ...who, name: asker.name ?? 'another deploy' },
    terms,
    ...(taken && { taken }),
    ...(failure && { failure }),
  }
}

function readTerms(raw: Record<string, unknown>): DrainTerms | undefined {
  const acknowledgeTimeoutMs = duration(raw.acknowledgeTimeoutMs)
  const drainTimeoutMs = duration(raw.drainTimeoutMs)
  const onDrainTimeout = (['fail', 'force', 'deploy'] as const).find((one) => one === raw.onDrainTimeout)
  const onMissingClock = (['fail', 'deploy'] as const).find((one) => one === raw.onMissingClock)
  const asked = entries(raw.asked).map(readAsked)
  const expected = entries(raw.expected).flatMap((one) => readExpected(one) ?? [])
  if (acknowledgeTimeoutMs === undefined || drainTimeoutMs === undefined) return undefined
  if (onDrainTimeout === undefined || onMissingClock === undefined) return undefined
  // A type that can't be read may be one that must drain: better no announcement than half of one.
  if (asked.length === 0 || !asked.every((one) => one !== undefined)) return undefined
  return {
    acknowledgeTimeoutMs,
    drainTimeoutMs,
    onDrainTimeout,
    onMissingClock,
    asked,
    ...(expected.length > 0 && { expected }),
  }
}

function readAsked({ type, atLeast, demanded }: Record<string, unknown>): AskedType | undefined {
  if (!name(type) || typeof atLeast !== 'number' || typeof demanded !== 'boolean') return undefined
  if (!Number.isInteger(atLeast) || atLeast < 0) return undefined
  return { type: name(type) as string, atLeast, demanded }
}

function readExpected({ dyno, type, release }: Record<string, unknown>): ExpectedDyno | undefined {
  const [dynoName, typeName, version] = [name(dyno), name(type), name(release)]
  return dynoName && typeName
    ? { dyno: dynoName, type: typeName, ...(version && { release: version }) }
    : undefined
}

/** What another process says of how its drain failed; `undefined` for what is no failure. */
export function readFailure({ outcome, message, next }: Record<string, unknown>): Failure | undefined {
  const known = OUTCOMES.find((one) => one === outcome && !isSuccess(one))
  if (known === undefined || typeof message !== 'string' || typeof next !== 'string') return undefined
  return {
    outcome: known as Failure['outcome'],
    message: message.slice(0, LONGEST_TEXT),
    next: next.slice(0, LONGEST_TEXT),
  }
}

function entries(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.slice(0, MOST_ENTRIES).map(fieldsOf) : []
}

function name(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME ? value : undefined
}

/** @returns ms */
function duration(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}
