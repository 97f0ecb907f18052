/** An app, as far as a deploy needs it. */
export interface App {
  readonly id: string
  readonly name: string
  /** absent for an app that has none */
  readonly webUrl?: string
}

export type Status = 'pending' | 'succeeded' | 'failed'

export interface Release {
  readonly id: string
  /** 43 of `v43` */
  readonly version: number
  readonly status: Status
  readonly current: boolean
  /** `Deploy 1a2b3c4d`, `Set LOG_LEVEL config vars`, `Rollback to v40`: one line, at most 200 characters */
  readonly description: string
  /** absent when the release runs no slug (container images, an app that was never deployed) */
  readonly slugId?: string
  /** where the output of its release phase can be read, without a token; absent when it has no release phase */
  readonly outputStreamUrl?: string
}

export interface Build {
  readonly id: string
  readonly status: Status
  /** what Heroku calls the version of the source; for a git push, its commit */
  readonly commit?: string
  /** what it made; absent until it has succeeded, and for a container image */
  readonly slugId?: string
  /** when it began, by Heroku's time: milliseconds since 1970 */
  readonly createdAt?: number
}

/** The API answered, but not with what it documents. */
export class UnreadableAnswerError extends Error {
  override readonly name = 'UnreadableAnswerError'
}

/** One line of at most `length` characters without control characters and invisible ones: fit for a log. */
export function plain(text: string, length = 200): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .trim()
    .slice(0, length)
    .toWellFormed()
}

export type Fields = Readonly<Record<string, unknown>>

const LONGEST_TEXT = 1_000
const LONGEST_NAME = 100

export function fields(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new UnreadableAnswerError(`${what} is not an object`)
}

export function list(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value
  throw new UnreadableAnswerError(`${what} is not a list`)
}

export function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT) return value
  throw new UnreadableAnswerError(`${what} is not a text`)
}

/** A name as a person reads it, for messages: one line of at most 100 characters. */
export function name(value: unknown, what: string): string {
  const shown = typeof value === 'string' && value.length <= LONGEST_NAME ? plain(value) : ''
  if (shown !== '') return shown
  throw new UnreadableAnswerError(`${what} is not a text of at most ${LONGEST_NAME} characters`)
}

/** The id of what an answer refers to: `{ id: … }`. */
export function reference(value: unknown, what: string): string {
  return text(fields(value, what).id, `${what}'s id`)
}

export function status(value: unknown, what: string): Status {
  if (value === 'pending' || value === 'succeeded' || value === 'failed') return value
  throw new UnreadableAnswerError(`${what} is none of pending, succeeded, failed`)
}

/** `slug: null`, no slug and a slug without an id all mean that there is none to ask for. */
export function optionalId(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { id } = value as Fields
  return typeof id === 'string' && id !== '' && id.length <= LONGEST_TEXT ? id : undefined
}

function httpUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const { protocol, href } = new URL(value)
  return protocol === 'https:' || protocol === 'http:' ? href : undefined
}

export function readApp(value: unknown): App {
  const app = fields(value, 'the app')
  const webUrl = httpUrl(app.web_url)
  return {
    id: text(app.id, "the app's id"),
    name: name(app.name, "the app's name"),
    ...(webUrl && { webUrl }),
  }
}

export function readRelease(value: unknown): Release {
  const release = fields(value, 'the release')
  const { version, description } = release
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) {
    throw new UnreadableAnswerError("the release's version is not a number")
  }
  const slugId = optionalId(release.slug)
  const outputStreamUrl = httpUrl(release.output_stream_url)
  return {
    id: text(release.id, "the release's id"),
    version,
    status: status(release.status, "the release's status"),
    current: release.current === true,
    description: typeof description === 'string' ? plain(description) : '',
    ...(slugId && { slugId }),
    ...(outputStreamUrl && { outputStreamUrl }),
  }
}

/** Newest first, at most `max`, whatever order and number the server chose. */
export function readReleases(value: unknown, max: number): Release[] {
  const releases = list(value, 'the answer').map(readRelease)
  return releases.sort((a, b) => b.version - a.version).slice(0, max)
}

/** The commit that a slug was built from, if Heroku knows it. */
export function readSlugCommit(value: unknown): string | undefined {
  const { commit } = fields(value, 'the slug')
  return typeof commit === 'string' && /^[0-9a-f]{7,64}$/i.test(commit) ? commit.toLowerCase() : undefined
}

function readBuild(build: Fields): Build {
  const source = build.source_blob
  const createdAt = typeof build.created_at === 'string' ? Date.parse(build.created_at) : Number.NaN
  const version = typeof source === 'object' && source !== null ? (source as Fields).version : undefined
  const slugId = optionalId(build.slug)
  return {
    id: text(build.id, "the build's id"),
    status: status(build.status, "the build's status"),
    ...(typeof version === 'string' && { commit: version.toLowerCase() }),
    ...(slugId && { slugId }),
    ...(Number.isFinite(createdAt) && { createdAt }),
  }
}

/** Newest first, at most `max`, whatever order and number the server chose. */
export function readBuilds(value: unknown, max: number): Build[] {
  const builds = list(value, 'the answer').map((entry) => fields(entry, 'the build'))
  const created = ({ created_at }: Fields) => (typeof created_at === 'string' ? created_at : '')
  const newestFirst = builds.sort((a, b) => created(b).localeCompare(created(a)))
  return newestFirst.slice(0, max).map(readBuild)
}

/** Names and values; whatever is not a text is left out, since only texts reach a dyno. */
export function readConfigVars(value: unknown): ReadonlyMap<string, string> {
  const entries = Object.entries(fields(value, 'the answer'))
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
