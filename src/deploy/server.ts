import { formatDuration } from '../duration.ts'
import type { Surroundings } from '../gate/gate.ts'
import { NUMBERS } from '../gate/numbers.ts'
import type { Log } from '../log.ts'
import { DeployError } from '../outcome.ts'
import { gateKeys } from '../protocol/keys.ts'
import { describeAddress, parseRedisUrl, REDIS_URL_RULE, secretsOfRedisUrl } from '../redis/address.ts'
import { connectRedis } from '../redis/connect.ts'
import type { Trust } from '../redis/connector.ts'
import { checkHealth } from '../redis/health.ts'
import { listen } from '../redis/listen.ts'
import type { Time } from '../time.ts'
import type { DeployPlan } from './plan.ts'

/** The app's Redis, connected and checked. Leaving its scope closes the connection. */
export interface GateServer extends AsyncDisposable {
  readonly around: Surroundings
  /** SHA-256 of the certificate that was accepted; absent without TLS */
  readonly fingerprint: string | undefined
}

/** What of a plan says where the server is. */
export type ServerPlan = Pick<DeployPlan, 'app' | 'redis' | 'gateName'>

/** What `openServer` works with. */
export interface ServerNeeds {
  readonly log: Log
  readonly time: Time
  readonly signal: AbortSignal
  /** reads one of the app's config vars over Heroku's API */
  configVar(name: string): Promise<string>
  /** told the URL and password of the server, so that they never show */
  mask(secret: string): void
}

/** Connects to the Redis of the plan, from its own URL or the app's config var, and checks that it will keep what a gate writes. */
export async function openServer(plan: ServerPlan, needs: ServerNeeds): Promise<GateServer> {
  const { log, time, signal, mask } = needs
  const given = plan.redis.url
  const url = given ?? (await needs.configVar(plan.redis.configVar))
  const source = given === undefined ? `config var ${plan.redis.configVar} of ${plan.app}` : 'redis-url'
  mask(url)
  const address = read(url, source)
  for (const secret of secretsOfRedisUrl(url)) mask(secret)
  const name = describeAddress(address)
  let fingerprint: string | undefined
  const client = await connectRedis(
    address,
    {
      ...trust(plan, given === undefined),
      onCertificate(shown) {
        if (fingerprint === undefined && plan.redis.fingerprint === undefined && given === undefined) {
          log.info(`${name} shows the certificate with SHA-256 ${shown}; redis-tls-fingerprint can pin it`)
        }
        fingerprint = shown
      },
    },
    log,
    signal,
  )
  try {
    const before = time.now()
    await checkHealth(client, name, log)
    log.info(`${name} answers in ${formatDuration(time.now() - before)} (from ${source})`)
  } catch (error) {
    client.disconnect()
    throw error
  }
  const keys = gateKeys(plan.gateName)
  return {
    around: {
      host: client,
      keys,
      listen: (onReport) => listen(client, keys.reports, onReport),
      time,
      log,
      numbers: NUMBERS,
      signal,
    },
    get fingerprint() {
      return fingerprint
    },
    async [Symbol.asyncDispose]() {
      client.disconnect()
    },
  }
}

/** Which certificates the plan accepts. A pin says more than any authority, so it stands in for one under `auto`. */
export function trust(plan: ServerPlan, fromConfigVars: boolean): Trust {
  const { tls, fingerprint } = plan.redis
  return {
    verify: tls === 'verify' || (tls === 'auto' && !fromConfigVars && fingerprint === undefined),
    ...(fingerprint !== undefined && { pin: fingerprint }),
  }
}

function read(url: string, source: string) {
  try {
    return parseRedisUrl(url)
  } catch (error) {
    throw new DeployError(
      'preflight-failed',
      `The Redis URL in ${source} can't be used: ${(error as Error).message}.`,
      `It must look like ${REDIS_URL_RULE}. Another config var can be named with redis-config-var.`,
    )
  }
}
