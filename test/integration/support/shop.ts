import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { AppOptions } from '../../support/heroku/app.ts'
import { type HerokuOptions, type LocalHeroku, startHeroku } from '../../support/heroku/local-heroku.ts'
import { type RedisServer, startRedis } from '../../support/redis/redis-server.ts'
import { type Deployment, openDeployment } from './deployment.ts'

const CLOCK = join(import.meta.dirname, '../../support/apps/clock')

/** How long a release may take to be there and at work, on a busy machine. */
const BOOT_LIMIT_MS = 60_000

interface ShopOptions extends AppOptions, Pick<HerokuOptions, 'gitScope'> {
  /** written over those of `test/support/apps/clock` */
  readonly files?: Readonly<Record<string, string>>
}

/** The app `shop` at a local Heroku of the test's own: its clock, of v1, schedules each second and asks its Redis for jobs. */
export interface Shop extends Deployment, AsyncDisposable {
  readonly heroku: LocalHeroku
  readonly redis: RedisServer
  /** what the app has in its Redis */
  readonly inRedis: Redis
  /** Another app with the same files and the same Redis, of which no clock runs. */
  sibling(name: string): Promise<Deployment>
  /** The sibling `shop-staging`, in a pipeline with the shop, with its v2: a commit that the shop doesn't have. */
  staging(): Promise<Deployment & { readonly commit: string }>
  /** Has the clock of `release` start a job, which runs until `endJob`, as soon as it schedules. Before that nobody else may schedule. */
  startJob(release?: string): Promise<void>
  endJob(): Promise<void>
  /** Resolves with the first tick of the clock of `release`, from the event `from` on. */
  works(release: string, from?: number): Promise<void>
}

export async function openShop({
  files = {},
  configVars,
  gitScope,
  ...options
}: ShopOptions = {}): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-integration-'))
  const redis = await startRedis()
  const heroku = await startHeroku({ killAfterMs: 1_000, ...(gitScope && { gitScope }) })
  const inRedis = new Redis(redis.url)
  const place = { source: CLOCK, parent: folder, files, configVars: { REDIS_URL: redis.url, ...configVars } }
  const shop = await openDeployment(heroku, { name: 'shop', ...place, ...options })
  const works: Shop['works'] = async (release, from = 0) =>
    void (await shop.says(release, /^tick/, { from, timeoutMs: BOOT_LIMIT_MS }))
  const { formation: { clock = 1 } = {} } = options
  if (clock > 0) await works('v1')
  const sibling: Shop['sibling'] = (name) =>
    openDeployment(heroku, { name, ...place, formation: { clock: 0, web: 0 } })
  let jobs = 0
  return {
    ...shop,
    ...{ heroku, redis, inRedis, works },
    sibling,
    async staging() {
      const staging = await sibling('shop-staging')
      heroku.createPipeline('shop', { staging: [staging.app], production: [shop.app] })
      const commit = staging.change()
      await staging.app.deployFolder(staging.path, { commit })
      return { ...staging, commit }
    },
    async startJob(release = 'v1') {
      const where = { from: heroku.log.events.length, timeoutMs: BOOT_LIMIT_MS }
      const started = shop.says(release, /^job \d+ started/, where)
      await inRedis.lpush('jobs:start', String(++jobs))
      await started
    },
    async endJob() {
      await inRedis.lpush('jobs:end', '1')
    },
    async [Symbol.asyncDispose]() {
      inRedis.disconnect()
      await heroku.close()
      await redis.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/**
 * What happens to the app, in its order, when the release `next` takes the place of `old` under the gate.
 * @param job the clock of `old` is in the middle of its first one
 */
export function takenOver(old: string, next: string, { job = false } = {}): string[] {
  return [
    `${old} clock.1: draining`,
    ...(job ? [`${old} clock.1: job 1 finished`] : []),
    `${next} pending`,
    `${next} succeeded`,
    `${old} clock.1 SIGTERM`,
    `${next} clock.1: scheduling`,
  ]
}
