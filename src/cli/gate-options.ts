import { readRedisUrl } from '../deploy/server.ts'
import { DeployError } from '../outcome.ts'
import { GATE_NAME_RULE, isGateName } from '../protocol/keys.ts'
import { quote } from '../quote.ts'
import { schemeOf } from '../redis/address.ts'
import type { Destination } from '../redis/connect.ts'
import { FINGERPRINT_RULE, parseFingerprints } from '../redis/fingerprint.ts'
import { UsageError } from './command.ts'
import { ENVIRONMENT_ORIGIN, MISSING_URL } from './origin.ts'

/** Where a gate is: the options of every command that has to do with one. */
export const PLACE_OPTIONS = {
  gate: { type: 'string' },
  'gate-name': { type: 'string' },
  'verify-certificate': { type: 'boolean' },
  'certificate-fingerprint': { type: 'string' },
} as const

/** The options of every command that asks a gate for something. */
export const GATE_OPTIONS = { ...PLACE_OPTIONS, json: { type: 'boolean' } } as const

export const GATE_HELP = `  --gate NAME                 for apps that share one Redis. Default:
                              DEPLOY_GATE_NAME, else "default". Also as
                              --gate-name
  --verify-certificate        accept only a certificate that a known authority
                              signed: Heroku's own are self-signed
  --certificate-fingerprint SHA256
                              accept only this certificate; hex digits, with or
                              without colons. Several with commas between, for
                              servers that have one each

The Redis is that of REDIS_URL, as every dyno of the app has it: one server, a
Sentinel topology or a cluster, as docs/redis.md has them.
`

type Values = {
  readonly [K in keyof typeof PLACE_OPTIONS]?: (typeof PLACE_OPTIONS)[K]['type'] extends 'boolean'
    ? boolean
    : string
}

/** Where a gate is. */
export interface GatePlace {
  readonly gateName: string
  readonly destination: Destination
}

/**
 * Resolves the options against the environment; touches nothing.
 * @throws UsageError, DeployError (`preflight-failed`)
 */
export function readGatePlace(values: Values, env: NodeJS.ProcessEnv): GatePlace {
  const given = oneOf(values, 'gate', 'gate-name')
  const gateName = given?.value ?? (env.DEPLOY_GATE_NAME || 'default')
  if (!isGateName(gateName)) {
    const source = given ? `--${given.name}` : 'DEPLOY_GATE_NAME'
    throw new UsageError(`${source} is ${quote(gateName)}. Expected ${GATE_NAME_RULE}.`)
  }
  const fingerprint = values['certificate-fingerprint']
  const pins = fingerprint === undefined ? undefined : parseFingerprints(fingerprint)
  if (fingerprint !== undefined && pins === undefined) {
    throw new UsageError(`--certificate-fingerprint is ${quote(fingerprint)}. Expected ${FINGERPRINT_RULE}.`)
  }
  const verify = values['verify-certificate'] ?? false
  if (!env.REDIS_URL) throw new DeployError('preflight-failed', 'REDIS_URL is not set.', MISSING_URL)
  const address = readRedisUrl(env.REDIS_URL, ENVIRONMENT_ORIGIN)
  if (!address.tls && (verify || pins !== undefined)) {
    const option = verify ? '--verify-certificate' : '--certificate-fingerprint'
    throw new UsageError(
      `${option} is about a certificate, but REDIS_URL begins with ${schemeOf(address)}, which has none. Expected ${schemeOf({ ...address, tls: true })}.`,
    )
  }
  const trust = { verify, ...(pins && { pins }) }
  return { gateName, destination: { address, trust, origin: ENVIRONMENT_ORIGIN } }
}

/** The value of an option that has more than one name, and the name that it was given by. */
export function oneOf<K extends string>(
  values: { readonly [name in K]?: string },
  ...names: readonly K[]
): { readonly name: K; readonly value: string } | undefined {
  const given = names.flatMap((name) => {
    const value = values[name]
    return value === undefined ? [] : [{ name, value }]
  })
  if (given.length > 1) {
    const all = given.map(({ name }) => `--${name}`).join(' and ')
    throw new UsageError(`${all} are the same option. Give one of them.`)
  }
  return given[0]
}
