import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { gitEnvironment, openRepository, type Repository } from '../heroku/support/repository.ts'
import type { LocalApp } from '../support/heroku/app.ts'
import type { HerokuEvent } from '../support/heroku/events.ts'
import { type LocalHeroku, startHeroku } from '../support/heroku/local-heroku.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { startStep } from '../support/runner/runner.ts'

const CLOCK = join(import.meta.dirname, '../support/apps/clock')

let folder: string
let redis: RedisServer
let heroku: LocalHeroku
let app: LocalApp
let jobs: Redis
let checkout: Repository

/** An app whose clock, a dyno of v1, works on a job, and a change to deploy. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-gate-integration-'))
  redis = await startRedis()
  heroku = await startHeroku({ killAfterMs: 1_000 })
  app = heroku.createApp('shop', { configVars: { REDIS_URL: redis.url } })
  cpSync(CLOCK, join(folder, 'checkout'), { recursive: true })
  const first = await app.deployFolder(join(folder, 'checkout'))
  checkout = openRepository(join(folder, 'checkout'), folder)
  checkout.git('init', '--quiet', '--initial-branch=main')
  checkout.git('fetch', '--quiet', join(heroku.repositories, 'shop.git'), 'main')
  checkout.git('reset', '--quiet', '--soft', first)
  writeFileSync(join(folder, 'checkout/.gitignore'), 'node_modules\n')
  checkout.git('add', '--all')
  checkout.commit('a change')
  jobs = new Redis(redis.url)
  await jobs.lpush('jobs:start', '1')
  await says('v1', /^job 1 started/)
})
afterEach(async () => {
  jobs.disconnect()
  await heroku.close()
  await redis.stop()
  rmSync(folder, { recursive: true })
})

const says = (release: string, line: RegExp, from = 0) =>
  heroku.log.waitFor((event) => isLine(event, release, line), { from })
const isLine = (event: HerokuEvent, release: string, line: RegExp) =>
  event.kind === 'dyno-line' && event.release === release && line.test(event.text)

const step = () =>
  startStep({
    inputs: { 'heroku-app': 'shop', 'heroku-api-key': heroku.apiKey },
    env: { ...gitEnvironment(folder), HEROKU_API_URL: heroku.apiUrl, HEROKU_GIT_URL: heroku.gitUrl },
    workspace: checkout.path,
  })

it('a job outlives the deploy that would have killed it', { timeout: 60_000 }, async () => {
  await using deploy = step()
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await jobs.lpush('jobs:end', '1')
  const { outputs, code } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2', 'jobs-finished': '1' })
  expect(code).toBe(0)
  await heroku.log.waitFor(({ kind, release }) => kind === 'dyno-exited' && release === 'v1')
  await says('v2', /^tick/)
  const { events } = heroku.log
  const at = (found: (event: HerokuEvent) => boolean) => events.findIndex(found)
  const finished = at((event) => isLine(event, 'v1', /^job 1 finished/))
  const told = at(({ kind }) => kind === 'sigterm')
  expect(finished).toBeGreaterThan(0)
  expect(told).toBeGreaterThan(finished)
  expect(events.filter(({ kind }) => kind === 'sigkill')).toEqual([])
  // From its drain on the old one started nothing.
  const drained = at((event) => isLine(event, 'v1', /^draining/))
  expect(events.slice(drained).filter((event) => isLine(event, 'v1', /^tick/))).toEqual([])
})

it('the old clock goes on when the build fails', { timeout: 60_000 }, async () => {
  app.nextBuild({ fail: 'failed to compile Node.js app.' })
  await using deploy = step()
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await jobs.lpush('jobs:end', '1')
  const { outputs, code } = await deploy.done
  expect([code, outputs.outcome]).toEqual([1, 'build-failed'])
  await says('v1', /^tick/, heroku.log.events.length)
  expect(heroku.log.events.filter(({ kind }) => kind === 'sigterm')).toEqual([])
})
