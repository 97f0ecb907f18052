import { randomUUID } from 'node:crypto'
import type { Log } from '../log.ts'
import { GATE_NAME_RULE, isGateName } from '../protocol/keys.ts'
import { parseRedisUrl, REDIS_URL_RULE, type RedisAddress } from '../redis/address.ts'
import type { Trust } from '../redis/connector.ts'
import { parseFingerprints } from '../redis/fingerprint.ts'

/** How a participant joins. Everything has a default that is right on a dyno. */
export interface JoinOptions {
  /** the URL of a server, a Sentinel topology or a cluster, as docs/redis.md has it; default: `REDIS_URL` */
  readonly redisUrl?: string
  /** for apps that share one Redis; default: `DEPLOY_GATE_NAME`, else `default` */
  readonly gateName?: string
  /** the dyno's name, `clock.1`; default: `DYNO`, else `clock.local` */
  readonly dyno?: string
  /**
   * Whether the server's certificate must be signed by a known authority. Default: false, because Heroku's Key-Value
   * Store has a self-signed one, and its URL comes from the platform itself.
   */
  readonly verifyCertificate?: boolean
  /** SHA-256 of the only accepted certificate, hex with or without colons; several with commas between */
  readonly certificateFingerprint?: string
  /**
   * Whether SIGTERM drains and leaves (default: true). The signal is raised again afterwards unless the app listens
   * for it too. With false, call `leave()` from a handler of your own.
   */
  readonly handleSigterm?: boolean
  /** where its few lines go; default: the console, which also gets what this log fails to take */
  readonly log?: Log
}

/** Who this participant is and where its gate is. */
export interface Identity {
  readonly id: string
  readonly dyno: string
  readonly type: string
  readonly app?: string
  readonly release?: string
  readonly gateName: string
  readonly address: RedisAddress
  readonly trust: Trust
}

/**
 * Resolves the options against the environment of a dyno.
 * @throws Error that names the variable or option, what was given, and what is accepted
 */
export function identify(options: JoinOptions, env: NodeJS.ProcessEnv): Identity {
  const url = options.redisUrl ?? env.REDIS_URL
  if (!url) throw new Error('deploy-gate: there is no Redis URL. Set REDIS_URL, or pass redisUrl to join().')
  let address: RedisAddress
  try {
    address = parseRedisUrl(url)
  } catch (error) {
    const where = options.redisUrl === undefined ? 'REDIS_URL' : 'redisUrl'
    throw new Error(
      `deploy-gate: ${where} can't be used: ${(error as Error).message}. Expected ${REDIS_URL_RULE}.`,
    )
  }
  const gateName = options.gateName ?? (env.DEPLOY_GATE_NAME || 'default')
  if (!isGateName(gateName)) {
    throw new Error(
      `deploy-gate: the gate name ${JSON.stringify(gateName)} can't be used. Expected ${GATE_NAME_RULE}.`,
    )
  }
  const given = options.certificateFingerprint
  const pins = given === undefined ? undefined : parseFingerprints(given)
  if (given !== undefined && pins === undefined) {
    throw new Error(
      'deploy-gate: certificateFingerprint is not a SHA-256 in hex. Expected 64 hex digits, with or without colons; several with commas between.',
    )
  }
  const dyno = options.dyno ?? (env.DYNO || 'clock.local')
  return {
    id: `${dyno}#${randomUUID()}`,
    dyno,
    type: processType(dyno),
    ...(env.HEROKU_APP_NAME && { app: env.HEROKU_APP_NAME }),
    ...(env.HEROKU_RELEASE_VERSION && { release: env.HEROKU_RELEASE_VERSION }),
    gateName,
    address,
    trust: { verify: options.verifyCertificate ?? false, ...(pins && { pins }) },
  }
}

/** The process type in a dyno's name: `clock` of `clock.1` (Cedar) and of `clock-12a34b56d-e78f9` (Fir). */
export function processType(dyno: string): string {
  return /^(.+?)(?:\.[^.]+|-[0-9a-z]+-[0-9a-z]+)$/.exec(dyno)?.[1] ?? dyno
}
