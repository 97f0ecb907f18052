import { parseTopologyUrl } from './topology-url.ts'

/** One host and the port on it. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/** One Redis server and how to log in. Holds secrets: show it only through `describeAddress`. */
export interface ServerAddress extends HostPort {
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
  readonly db: number
}

/** Who is asked, before each connect, which server it leads to: all hosts in turn until one answers. */
export type Topology =
  | {
      readonly kind: 'sentinel'
      readonly hosts: readonly HostPort[]
      /** the sentinels' name for the primary */
      readonly primary: string
      /** how to log in at the sentinels; as a rule nobody does */
      readonly username?: string
      readonly password?: string
    }
  | { readonly kind: 'cluster'; readonly hosts: readonly HostPort[] }

/**
 * Where the gate's Redis is and how to log in there. With a topology, host and port are those of the first one to ask.
 * Holds secrets: show it only through `describeAddress`.
 */
export interface RedisAddress extends ServerAddress {
  /** absent: there is one server, the address itself */
  readonly topology?: Topology
}

/** What a Redis URL may be, in words for an error message. */
export const REDIS_URL_RULE =
  'redis://[user:password@]host[:port][/db], rediss:// for TLS, redis+sentinel:// or redis+cluster:// as docs/redis.md has it'

/**
 * Reads the URL of one server, of a primary that sentinels watch, or of a cluster.
 * @throws RangeError that says what is wrong with the URL without showing any of it
 */
export function parseRedisUrl(text: string): RedisAddress {
  return parseTopologyUrl(text)?.address ?? parseServerUrl(text)
}

function parseServerUrl(text: string): ServerAddress {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    if (/^rediss?:\/\/[^/?#]*,/i.test(text))
      throw new RangeError(
        'it is not a URL of one server; several hosts need redis+sentinel:// or redis+cluster://',
      )
    throw new RangeError('it is not a URL')
  }
  const other = /^rediss?-(sentinel|cluster):$/.exec(url.protocol)?.[1]
  if (other) throw new RangeError(`it must begin with redis+${other}://, with a plus, or rediss+${other}://`)
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw new RangeError('it begins with neither redis:// nor rediss://')
  if (!url.hostname) throw new RangeError('it names no host')
  const db = url.pathname.replace(/^\//, '')
  if (!/^\d{0,5}$/.test(db)) throw new RangeError('its path is not the number of a database')
  try {
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? 6379 : Number(url.port),
      tls: url.protocol === 'rediss:',
      ...(url.username && { username: decodeURIComponent(url.username) }),
      ...(url.password && { password: decodeURIComponent(url.password) }),
      db: Number(db),
    }
  } catch {
    throw new RangeError('its user name or password is not percent-encoded')
  }
}

/** Every text that gives a valid URL's passwords away: masks must cover all of them, so also each password as it is written there. */
export function secretsOfRedisUrl(text: string): string[] {
  const topology = parseTopologyUrl(text)
  if (topology) return [...new Set([text, ...topology.secrets])]
  const { password } = parseServerUrl(text)
  if (password === undefined) return [text]
  const written = /^[^:]+:\/\/[^:]*:(.*)@/.exec(text)?.[1] ?? password
  return [...new Set([text, password, written, new URL(text).password])]
}

/** `Redis at host:port`, without user, password or database; with a topology, who is asked. */
export function describeAddress({ host, port, tls, topology }: RedisAddress): string {
  const what =
    topology === undefined
      ? 'Redis'
      : topology.kind === 'cluster'
        ? 'Redis Cluster'
        : `Redis primary ${topology.primary} of the sentinels`
  const more = topology && topology.hosts.length > 1 ? ` and ${topology.hosts.length - 1} more` : ''
  return `${what} at ${describeHost({ host, port })}${more}${tls ? ' (TLS)' : ''}`
}

/** `host:port` */
export function describeHost({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** What the URL of the address begins with. */
export function schemeOf({ tls, topology }: RedisAddress): string {
  return `${tls ? 'rediss' : 'redis'}${topology ? `+${topology.kind}` : ''}://`
}
