import type { HostPort, RedisAddress } from './address.ts'

/** A URL that names a topology, read. */
export interface TopologyUrl {
  readonly address: RedisAddress
  /** its passwords, as they are and as they are written */
  readonly secrets: readonly string[]
}

const SCHEME = /^(rediss?)\+(sentinel|cluster):\/\//i
const DEFAULT_PORT = { sentinel: 26379, cluster: 6379 }
const SENTINEL_LOGIN = { 'sentinel-user': 'username', 'sentinel-password': 'password' } as const

/**
 * Reads `redis+sentinel://`, `redis+cluster://` and the same with `rediss`; `undefined` for any other text. The standard's URL parser
 * knows one host alone.
 * @throws RangeError that says what is wrong with the URL without showing any of it
 */
export function parseTopologyUrl(text: string): TopologyUrl | undefined {
  const [start, scheme, given] = SCHEME.exec(text) ?? []
  if (start === undefined || given === undefined) return undefined
  const kind = given.toLowerCase() as 'sentinel' | 'cluster'
  if (/[\s#]/.test(text)) throw new RangeError('it holds a blank or a #, which must be percent-encoded')
  const [, authority = '', path = '', query] =
    /^([^/?]*)([^?]*)(?:\?(.*))?$/.exec(text.slice(start.length)) ?? []
  // A password may hold an @ that nobody encoded; a host can't.
  const at = authority.lastIndexOf('@')
  const login = readLogin(at < 0 ? '' : authority.slice(0, at))
  const hosts = authority
    .slice(at + 1)
    .split(',')
    .map((host) => readHost(host, DEFAULT_PORT[kind]))
  const [first] = hosts as [HostPort]
  const address = { ...first, tls: scheme?.toLowerCase() === 'rediss', ...login.given }
  if (kind === 'cluster') {
    if (!/^\/?0?$/.test(path)) throw new RangeError('it names a database, and a cluster has database 0 alone')
    if (query !== undefined) throw new RangeError('it has a query, and a cluster has none')
    return { address: { ...address, db: 0, topology: { kind, hosts } }, secrets: login.secrets }
  }
  const [, written = '', db = ''] = /^\/([^/]*)(?:\/(\d{0,5}))?$/.exec(path) ?? []
  const primary = decoded(written, "its primary's name")
  // Sentinel's own rule for a name.
  if (!/^[\w.-]+$/.test(primary))
    throw new RangeError(
      "its path is not the sentinels' name for the primary, or that and the number of a database",
    )
  const sentinel = readQuery(query ?? '')
  const topology = { kind, hosts, primary, ...sentinel.given }
  return {
    address: { ...address, db: Number(db), topology },
    secrets: [...login.secrets, ...sentinel.secrets],
  }
}

interface Login {
  readonly given: { readonly username?: string; readonly password?: string }
  readonly secrets: readonly string[]
}

function readLogin(text: string): Login {
  const colon = text.indexOf(':')
  const [user, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
  return loginOf(user, password, 'its user name or password')
}

function readQuery(text: string): Login {
  const found = { username: '', password: '' }
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    if (!Object.hasOwn(SENTINEL_LOGIN, name))
      throw new RangeError('its query holds more than sentinel-user and sentinel-password')
    found[SENTINEL_LOGIN[name as keyof typeof SENTINEL_LOGIN]] = equals < 0 ? '' : part.slice(equals + 1)
  }
  return loginOf(found.username, found.password, "the sentinels' user name or password in its query")
}

function loginOf(user: string, password: string, what: string): Login {
  const secret = decoded(password, what)
  return {
    given: {
      ...(user !== '' && { username: decoded(user, what) }),
      ...(password !== '' && { password: secret }),
    },
    secrets: password === '' ? [] : [secret, password],
  }
}

function readHost(text: string, defaultPort: number): HostPort {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined)
    throw new RangeError('it names no host, or one that is none: host[:port], commas between')
  const number = port === undefined ? defaultPort : Number(port)
  if (number < 1 || number > 65_535) throw new RangeError('one of its ports is not between 1 and 65535')
  return { host, port: number }
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new RangeError(`${what} is not percent-encoded`)
  }
}
