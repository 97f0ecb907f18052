/** Where a Redis server is and how to log in. Holds secrets: show it only through `describeAddress`. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
  readonly db: number
}

/** What a Redis URL may be, in words for an error message. */
export const REDIS_URL_RULE = 'redis://[user:password@]host[:port][/db], or rediss:// for TLS'

/**
 * Reads `redis://` and `rediss://` URLs.
 * @throws RangeError that says what is wrong with the URL without showing any of it
 */
export function parseRedisUrl(text: string): RedisAddress {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new RangeError('it is not a URL')
  }
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

/** Every text that gives a valid URL's password away: masks must cover all of them, so also the password as it is written there. */
export function secretsOfRedisUrl(text: string): string[] {
  const { password } = parseRedisUrl(text)
  return password === undefined ? [text] : [...new Set([text, password, new URL(text).password])]
}

/** `Redis at host:port`, without user, password or database. */
export function describeAddress({ host, port, tls }: RedisAddress): string {
  return `Redis at ${host.includes(':') ? `[${host}]` : host}:${port}${tls ? ' (TLS)' : ''}`
}
