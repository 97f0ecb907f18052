import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type Deployment, openDeployment } from '../integration/support/deployment.ts'
import type { HerokuEvent } from '../support/heroku/events.ts'
import { type LocalHeroku, startHeroku } from '../support/heroku/local-heroku.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { type Client, clients } from './registry.ts'

/** Longer than Heroku's 30 s between SIGTERM and SIGKILL, which are real here. */
const JOB_MS = 40_000
const LIMIT_MS = 180_000
/** How long a held clock is watched for what it must not do: ten ticks and more. */
const WATCHED_MS = 3_000

let folder: string
let redis: RedisServer
let counters: Redis
let heroku: LocalHeroku

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-gate-clients-'))
  redis = await startRedis()
  counters = new Redis(redis.url)
  heroku = await startHeroku()
})
afterAll(async () => {
  counters.disconnect()
  await heroku.close()
  await redis.stop()
  rmSync(folder, { recursive: true })
})

/** The client's trial app at the local Heroku, and what it counts in Redis. */
async function open({ client, folder: source, env }: Client, name: string, over: Record<string, string>) {
  const configVars = { ...env, REDIS_URL: redis.url, DEPLOY_GATE_NAME: name, ...over }
  const trial = `deploy-gate:{${name}}:trial`
  const deployment = await openDeployment(heroku, { name, source, parent: folder, configVars })
  const count = async (what: string) => Number((await counters.hget(trial, what)) ?? 0)
  return {
    ...deployment,
    client,
    count,
    give: (ms: number) => counters.lpush(`${trial}:jobs`, String(ms)),
    /** Resolves when the clock has scheduled something from now on. */
    async ticks() {
      const before = await count('ticks')
      while ((await count('ticks')) === before) await sleep(50)
    },
    event: (kind: HerokuEvent['kind'], release?: string) =>
      heroku.log.waitFor(
        (event) =>
          event.app === name && event.kind === kind && (release === undefined || event.release === release),
        { timeoutMs: LIMIT_MS },
      ),
    lines: (release: string, line: RegExp) =>
      heroku.log.events.filter((event) => deployment.isLine(event, release, line)),
  }
}
const named = clients.map((one) => ({ ...one, name: one.client.replace('apscheduler', 'aps') }))

describe.concurrent('a job of 40 s', () => {
  it.for(named)('of $client outlives a gated deploy', { timeout: LIMIT_MS }, async (one, { expect }) => {
    const app = await open(one, one.name, {})
    await app.ticks()

    app.app.nextBuild({ fail: 'failed to compile.' })
    const failed = await ended(app, one.name)
    expect([failed.code, failed.outputs.outcome]).toEqual([1, 'build-failed'])
    await app.ticks()

    await app.give(JOB_MS)
    await app.says('v1', /^job started/)
    app.app.nextBuild({ hold: true })
    const deploy = ended(app, one.name)
    await app.says('v1', /^job finished/, { timeoutMs: LIMIT_MS })
    await heroku.log.waitFor(
      ({ app: of, kind, atMs }) =>
        of === one.name &&
        kind === 'build-started' &&
        atMs >= (app.lines('v1', /^job finished/)[0]?.atMs ?? 0),
      { timeoutMs: LIMIT_MS },
    )
    const quiet = await app.count('ticks')
    await app.give(1)
    await sleep(WATCHED_MS)
    expect(await app.count('ticks')).toBe(quiet)
    app.app.releaseBuild()
    const { code, outputs } = await deploy
    expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2' })
    expect(code).toBe(0)

    await app.says('v2', /^job finished/, { timeoutMs: LIMIT_MS })
    await app.event('dyno-exited', 'v1')
    expect(app.lines('v1', /^job (started|finished)/).map(({ text }) => text.trim())).toEqual([
      'job started',
      'job finished',
    ])
    expect(heroku.log.events.filter(({ app: of, kind }) => of === one.name && kind === 'sigkill')).toEqual([])
  })

  it.for(named)(
    'of $client dies in a deploy without the gate',
    { timeout: LIMIT_MS },
    async (one, { expect }) => {
      const name = `${one.name}-bare`
      const app = await open(withoutSupervisor(one, name), name, { NO_GATE: '1' })
      await app.ticks()
      // So long that no build outlasts it, on however busy a machine.
      await app.give(5 * JOB_MS)
      await app.says('v1', /^job started/)
      await app.app.deployFolder(join(folder, name))
      await app.event('dyno-exited', 'v1')
      expect(app.lines('v1', /^job finished/)).toEqual([])
      expect(await app.count('finished')).toBe(0)
    },
  )
})

async function ended(app: Deployment, gate: string) {
  await using deploy = app.step({ 'gate-name': gate })
  return await deploy.done
}

/** The app as it would be without `deploy-gate run` before its command. */
function withoutSupervisor(one: Client, name: string): Client {
  const procfile = readFileSync(join(one.folder, 'Procfile'), 'utf8')
  if (!procfile.includes(' -- ')) return one
  const source = join(folder, `${name}-source`)
  cpSync(one.folder, source, { recursive: true, filter: (from) => !from.endsWith('/node_modules') })
  writeFileSync(join(source, 'Procfile'), procfile.replace(/^(\w+):.* -- /, '$1: '))
  return { ...one, folder: source }
}
