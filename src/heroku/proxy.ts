import { STATUS_CODES } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** What the environment wants between this machine and a server. */
export interface ProxyServer {
  /** as Node takes it, with name and password; absent for a kind that Node can't go through */
  readonly url?: string
  /** without name and password, for messages */
  readonly shown: string
  /** the variable that names it */
  readonly variable: string
}

/** A proxy stood between, and nothing came through it. `message` names the proxy, never its password. */
export class ProxyFault extends Error {
  override readonly name = 'ProxyFault'
  /** what to do about it */
  readonly next: string
  /** it may well work a moment later */
  readonly passing: boolean

  constructor(message: string, next: string, passing: boolean, cause?: unknown) {
    super(message, { cause })
    this.next = next
    this.passing = passing
  }
}

/**
 * The proxy for `target`, by the variables that git goes by too: HTTPS_PROXY for `https:`, HTTP_PROXY for `http:`, else ALL_PROXY, but for
 * the hosts in NO_PROXY; each also in lower case, which comes first (https://curl.se/docs/manpage.html#ENVIRONMENT).
 * @throws ProxyFault when what the variable holds is no URL
 */
export function proxyFor(target: URL, env: NodeJS.ProcessEnv): ProxyServer | undefined {
  const scheme = target.protocol.slice(0, -1)
  const names = [`${scheme}_proxy`, `${scheme}_proxy`.toUpperCase(), 'all_proxy', 'ALL_PROXY']
  const variable = names.find((name) => env[name])
  const value = variable && env[variable]
  if (!value || bypassed(target, env.no_proxy || env.NO_PROXY || '')) return undefined
  const text = value.includes('://') ? value : `http://${value}`
  if (!URL.canParse(text)) {
    throw new ProxyFault(
      `the environment variable ${variable} holds no URL of a proxy`,
      `Set ${variable} to \`http://proxy.example:3128\`, or to \`http://name:password@proxy.example:3128\` with name and password ` +
        'percent-encoded.',
      false,
    )
  }
  const { protocol, host } = new URL(text)
  const shown = `${protocol}//${host}`
  return /^https?:$/.test(protocol) ? { url: text, shown, variable } : { shown, variable }
}

/** Like curl's, whatever the entry's form: `*`, `heroku.com`, `.heroku.com`, `*.heroku.com`, `host:443`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`. */
function bypassed(target: URL, noProxy: string): boolean {
  const host = target.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const port = target.port || (target.protocol === 'https:' ? '443' : '80')
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true
      const [, ofEntry = entry, portOfEntry] = isIP(entry) ? [] : (/^(.+):(\d+)$/.exec(entry) ?? [])
      if (portOfEntry !== undefined && portOfEntry !== port) return false
      const name = ofEntry.replace(/^\[|\]$/g, '').replace(/^\*?\./, '')
      if (name === '') return false
      return isIP(host) ? host === name || within(host, name) : host === name || host.endsWith(`.${name}`)
    })
}

function within(address: string, range: string): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  const [, from = '', by, to = ''] = /^([\da-f.:]+)([/-])([\da-f.:]+)$/.exec(range) ?? []
  try {
    if (by === '/') list.addSubnet(from, Number(to), family)
    if (by === '-') list.addRange(from, to, family)
    return list.check(address, family)
  } catch {
    // Addresses of the other family, or none at all.
    return false
  }
}

const nameOf = ({ shown, variable }: ProxyServer) => `the proxy ${shown} (from ${variable})`

/** The proxy answered, and not by letting the request through. */
export function turnedAway(status: number, proxy: ProxyServer, target: URL): ProxyFault {
  const answer = STATUS_CODES[status] ? `${status} ${STATUS_CODES[status]}` : `${status}`
  if (status === 407) {
    return new ProxyFault(
      `${nameOf(proxy)} wants a name and a password that it accepts (${answer})`,
      `Set ${proxy.variable} to \`http://name:password@…\`, with name and password percent-encoded, from a secret.`,
      false,
    )
  }
  return new ProxyFault(
    `${nameOf(proxy)} made no connection to ${target.host} (${answer})`,
    `Ask whoever keeps the proxy to let ${target.host} through, or, if the runner can reach it without, add ${target.hostname} to NO_PROXY.`,
    status >= 500,
  )
}

/** The proxy could not be reached, or what came through it was no connection to `target`. */
export function unreachedProxy(reason: string, proxy: ProxyServer, target: URL, cause: unknown): ProxyFault {
  if (isUnbelieved(cause)) {
    return new ProxyFault(`${nameOf(proxy)} stands between: ${reason}`, UNBELIEVED, false, cause)
  }
  return new ProxyFault(
    `${nameOf(proxy)}: ${reason}`,
    `Check that the proxy is up and that the runner can reach it. If the runner can reach ${target.hostname} without it, add that to ` +
      'NO_PROXY.',
    true,
    cause,
  )
}

/** What to do about a certificate that is not believed. */
export const UNBELIEVED =
  "The server showed a certificate that nobody vouches for. If your network's proxy opens what passes through it, store its certificate " +
  "on the runner and set NODE_EXTRA_CA_CERTS to that file for the job. Otherwise somebody is in between: don't go on."

/** By the codes of OpenSSL and Node, here or in the causes below. */
export function isUnbelieved(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return 'code' in error ? /CERT|UNABLE_TO_VERIFY/.test(String(error.code)) : isUnbelieved(error.cause)
}

/** A direct connection failed, where the environment names a proxy that was of no use. */
export function uselessProxy(reason: string, proxy: ProxyServer, cause: unknown): ProxyFault {
  return new ProxyFault(
    `${reason}, and ${nameOf(proxy)} is of a kind that only git goes through`,
    'If the runner reaches Heroku only through a proxy, set HTTPS_PROXY to one that speaks HTTP: `http://proxy.example:3128`.',
    true,
    cause,
  )
}
