import type { Redis } from 'ioredis'
import { formatDuration } from '../duration.ts'
import type { Surroundings } from '../gate/gate.ts'
import { NUMBERS } from '../gate/numbers.ts'
import { answered } from '../gate/outlast.ts'
import type { Log } from '../log.ts'
import { DeployError } from '../outcome.ts'
import { gateKeys } from '../protocol/keys.ts'
import {
  describeAddress,
  parseRedisUrl,
  REDIS_URL_RULE,
  type RedisAddress,
  secretsOfRedisUrl,
} from '../redis/address.ts'
import type { Destination, Patience } from '../redis/connect.ts'
import type { Trust } from '../redis/connector.ts'
import { checkHealth } from '../redis/health.ts'
import { listen } from '../redis/listen.ts'
import type { UrlOrigin } from '../redis/origin.ts'
import { DEPLOYER_RIGHTS, isNamedUser, missingRights } from '../redis/rights.ts'
import type { Time } from '../time.ts'
import { configVarOrigin, INPUT_ORIGIN } from './origins.ts'
import type { DeployPlan } from './plan.ts'

/** The app's Redis, connected and checked. Leaving its scope closes the connection. */
export interface GateServer extends AsyncDisposable {
  readonly around: Surroundings
  /** SHA-256 of the certificate that was accepted; absent without TLS, and where another server may take over with its own */
  readonly fingerprint: string | undefined
}

/** What of a plan says where the server is. */
export type ServerPlan = Pick<DeployPlan, 'app' | 'redis' | 'gateName'>

/** What a connection is opened with. */
export interface ConnectionNeeds {
  readonly log: Log
  readonly time: Time
  readonly signal: AbortSignal
  /** with the connection; default: what fits real time */
  readonly patience?: Patience
  /** whether a drain will be asked for by the drain protocol: the user's rights are tried then */
  readonly asks?: boolean
}

/** What `openServer` works with. */
export interface ServerNeeds extends ConnectionNeeds {
  /** reads one of the app's config vars over Heroku's API */
  configVar(name: string): Promise<string>
  /** told the URL and password of the server, so that they never show */
  mask(secret: string): void
}

/** The client is most of what a deploy loads: whoever calls this while Heroku is asked finds it there afterwards. */
export const loadClient = () => import('../redis/connect.ts')

/** Connects to the Redis of the plan, from its own URL or the app's config var, and checks that it will keep what a gate writes. */
export async function openServer(plan: ServerPlan, needs: ServerNeeds): Promise<GateServer> {
  const { configVar, url: given } = plan.redis
  const url = given ?? (await needs.configVar(configVar))
  const origin = given === undefined ? configVarOrigin(configVar, plan.app) : INPUT_ORIGIN
  needs.mask(url)
  const address = readRedisUrl(url, origin)
  for (const secret of secretsOfRedisUrl(url)) needs.mask(secret)
  return openGateServer({ address, trust: trust(plan, given === undefined), origin }, plan.gateName, needs)
}

/** Connects to a server that is known, and checks that it will keep what a gate writes. */
export async function openGateServer(
  { address, trust, origin }: Omit<Destination, 'key'>,
  gateName: string,
  { log, time, signal, patience, asks = false }: ConnectionNeeds,
): Promise<GateServer> {
  const name = describeAddress(address)
  const keys = gateKeys(gateName)
  const shownPrints: string[] = []
  const { connectRedis } = await loadClient()
  let checked = Promise.resolve(0)
  let dropped = new AbortController()
  const check = async (connected: Redis, until: AbortSignal) => {
    const before = time.now()
    await answered({ time, numbers: NUMBERS, signal: until }, async () => {
      await checkHealth(connected, name, origin, log)
      if (asks && isNamedUser(address)) await checkRights(connected, keys.reports, name)
    })
    return time.now() - before
  }
  const client = await connectRedis(
    {
      address,
      origin,
      key: keys.epoch,
      trust: {
        ...trust,
        onCertificate(shown) {
          if (!shownPrints.includes(shown) && !trust.pins && !trust.verify) {
            log.info(`${name} shows the certificate with SHA-256 ${shown}; ${origin.pin} can pin it`)
          }
          shownPrints.push(shown)
        },
      },
    },
    log,
    signal,
    patience,
    (connected) => {
      // Of a connection that did not last nothing more is asked.
      dropped.abort()
      dropped = new AbortController()
      checked = check(connected, AbortSignal.any([signal, dropped.signal]))
      // What is wrong with its form comes first.
      checked.catch(() => {})
    },
  ).catch((error: unknown) => {
    dropped.abort()
    throw error
  })
  try {
    log.info(`${name} answers in ${formatDuration(await checked)} (from ${origin.name})`)
  } catch (error) {
    client.disconnect()
    throw error
  }
  return {
    around: {
      host: client,
      keys,
      listen: (onReport) => {
        const ear = listen(client, keys.reports, onReport, (error) =>
          log.warning(
            `${name}: its user may not listen (${error.message}), so changes are seen some seconds later; +subscribe and &deploy-gate:* allow it`,
          ),
        )
        return ear.began
      },
      time,
      log,
      numbers: NUMBERS,
      signal,
    },
    get fingerprint() {
      return address.topology ? undefined : shownPrints.at(-1)
    },
    async [Symbol.asyncDispose]() {
      client.disconnect()
    },
  }
}

/** @throws DeployError (`preflight-failed`) that names each right that is lacking */
async function checkRights(client: Redis, channel: string, name: string): Promise<void> {
  const missing = (await missingRights(client, DEPLOYER_RIGHTS, channel)).join(' ')
  if (missing === '') return
  throw new DeployError(
    'preflight-failed',
    `${name}: the user of the URL lacks rights: ${missing}.`,
    `Give them to it: ACL SETUSER <user> ${missing}. The section "Rights" of docs/redis.md has all that are needed in one line.`,
  )
}

/** Which certificates the plan accepts. A pin says more than any authority, so it stands in for one under `auto`. */
export function trust(plan: ServerPlan, fromConfigVars: boolean): Trust {
  const { tls, fingerprints } = plan.redis
  return {
    verify: tls === 'verify' || (tls === 'auto' && !fromConfigVars && fingerprints === undefined),
    ...(fingerprints && { pins: fingerprints }),
  }
}

/**
 * Reads a URL that came from `origin`.
 * @throws DeployError (`preflight-failed`) that shows nothing of the URL
 */
export function readRedisUrl(url: string, origin: UrlOrigin): RedisAddress {
  try {
    return parseRedisUrl(url)
  } catch (error) {
    throw new DeployError(
      'preflight-failed',
      `The Redis URL in ${origin.name} can't be used: ${(error as Error).message}.`,
      `It must look like ${REDIS_URL_RULE}. ${origin.wrongUrl}`,
    )
  }
}
