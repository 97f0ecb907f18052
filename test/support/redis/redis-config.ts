import { createHash } from 'node:crypto'
import type { Certificate } from './certificate.ts'

/** What a test may ask of its Redis. */
export interface RedisOptions {
  /** of the default user; none without it */
  readonly password?: string
  /** speaks TLS, and nothing else, under a self-signed certificate of its own, or under the given one, which several servers share */
  readonly tls?: boolean | Certificate
  /** lines of an ACL file, such as `user gate on >secret ~deploy-gate:* +@all` */
  readonly acl?: readonly string[]
  /** such as `100mb` */
  readonly maxmemory?: string
  /** such as `allkeys-lru` */
  readonly maxmemoryPolicy?: string
  /** whether writes survive a restart and a kill; true without it */
  readonly appendonly?: boolean
  /** further lines of redis.conf, such as `rename-command HELLO ""` for a server from before RESP3 */
  readonly config?: readonly string[]
  /** further variables of its environment */
  readonly environment?: Readonly<Record<string, string>>
}

/** The text of redis.conf. `folder` is for what the server stores. */
export function redisConfig(
  options: RedisOptions,
  port: number,
  folder: string,
  aclFile: string | undefined,
  certificate: Certificate | undefined,
): string {
  const { password, maxmemory, maxmemoryPolicy, appendonly = true, config = [] } = options
  return [
    'bind 127.0.0.1',
    `dir ${quoted(folder)}`,
    'daemonize no',
    'save ""',
    'shutdown-timeout 0',
    `appendonly ${appendonly ? 'yes' : 'no'}`,
    // Written before the reply and so safe from a kill, which is all that a test does.
    'appendfsync no',
    ...listenLines(port, certificate),
    ...(aclFile === undefined ? [] : [`aclfile ${quoted(aclFile)}`]),
    // With an ACL file the server overlooks requirepass.
    ...(password === undefined || aclFile !== undefined ? [] : [`requirepass ${quoted(password)}`]),
    ...(maxmemory === undefined ? [] : [`maxmemory ${maxmemory}`]),
    ...(maxmemoryPolicy === undefined ? [] : [`maxmemory-policy ${maxmemoryPolicy}`]),
    ...config,
    '',
  ].join('\n')
}

/** What a server or a sentinel listens with. */
export function listenLines(port: number, certificate: Certificate | undefined): string[] {
  if (!certificate) return [`port ${port}`]
  return [
    'port 0',
    `tls-port ${port}`,
    `tls-cert-file ${quoted(certificate.certificateFile)}`,
    `tls-key-file ${quoted(certificate.keyFile)}`,
    'tls-auth-clients no',
  ]
}

/** The text of the ACL file: the given lines, and the default user unless they tell of it. */
export function aclText(acl: readonly string[], password: string | undefined): string {
  const secret = password === undefined ? 'nopass' : `#${createHash('sha256').update(password).digest('hex')}`
  const known = acl.some((line) => /^user\s+default\s/.test(line))
  return [...(known ? [] : [`user default on ${secret} ~* &* +@all`]), ...acl, ''].join('\n')
}

/** A value as a file of configuration has it. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
