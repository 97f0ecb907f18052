import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { HerokuEvent } from '../support/heroku/events.ts'
import { type LocalHeroku, startHeroku } from '../support/heroku/local-heroku.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { type Deployment, openDeployment } from './support/deployment.ts'

const CLOCK = join(import.meta.dirname, '../support/apps/clock')

let folder: string
let redis: RedisServer
let heroku: LocalHeroku
let shop: Deployment
let jobs: Redis

/** An app whose clock, a dyno of v1, works on a job. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-gate-integration-'))
  redis = await startRedis()
  heroku = await startHeroku({ killAfterMs: 1_000 })
  const configVars = { REDIS_URL: redis.url }
  shop = await openDeployment(heroku, { name: 'shop', source: CLOCK, parent: folder, configVars })
  jobs = new Redis(redis.url)
  await jobs.lpush('jobs:start', '1')
  await shop.says('v1', /^job 1 started/)
})
afterEach(async () => {
  jobs.disconnect()
  await heroku.close()
  await redis.stop()
  rmSync(folder, { recursive: true })
})

it('a job outlives the deploy that would have killed it', { timeout: 60_000 }, async () => {
  await using deploy = shop.step()
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await jobs.lpush('jobs:end', '1')
  const { outputs, code } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2', 'jobs-finished': '1' })
  expect(code).toBe(0)
  await heroku.log.waitFor(({ kind, release }) => kind === 'dyno-exited' && release === 'v1')
  await shop.says('v2', /^tick/)
  const { events } = heroku.log
  const at = (found: (event: HerokuEvent) => boolean) => events.findIndex(found)
  const finished = at((event) => shop.isLine(event, 'v1', /^job 1 finished/))
  const told = at(({ kind }) => kind === 'sigterm')
  expect(finished).toBeGreaterThan(0)
  expect(told).toBeGreaterThan(finished)
  expect(events.filter(({ kind }) => kind === 'sigkill')).toEqual([])
  // From its drain on the old one started nothing.
  const drained = at((event) => shop.isLine(event, 'v1', /^draining/))
  expect(events.slice(drained).filter((event) => shop.isLine(event, 'v1', /^tick/))).toEqual([])
})

it('the old clock goes on when the build fails', { timeout: 60_000 }, async () => {
  shop.app.nextBuild({ fail: 'failed to compile Node.js app.' })
  await using deploy = shop.step()
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await jobs.lpush('jobs:end', '1')
  const { outputs, code } = await deploy.done
  expect([code, outputs.outcome]).toEqual([1, 'build-failed'])
  await shop.says('v1', /^tick/, { from: heroku.log.events.length })
  expect(heroku.log.events.filter(({ kind }) => kind === 'sigterm')).toEqual([])
})
