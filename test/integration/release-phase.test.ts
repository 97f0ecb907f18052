import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HerokuEvent } from '../support/heroku/events.ts'
import { type LocalHeroku, startHeroku } from '../support/heroku/local-heroku.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { type Deployment, openDeployment } from './support/deployment.ts'
import { told } from './support/scene.ts'

const CLOCK = join(import.meta.dirname, '../support/apps/clock')
const INPUTS = { 'drain-at': 'release-phase' }

let folder: string
let redis: RedisServer
let heroku: LocalHeroku
let shop: Deployment
let jobs: Redis

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-gate-integration-'))
  redis = await startRedis()
  heroku = await startHeroku({ killAfterMs: 1_000 })
  const configVars = { REDIS_URL: redis.url }
  shop = await openDeployment(heroku, { name: 'shop', source: CLOCK, parent: folder, configVars })
  jobs = new Redis(redis.url)
  await shop.says('v1', /^tick/)
})
afterEach(async () => {
  jobs.disconnect()
  await heroku.close()
  await redis.stop()
  rmSync(folder, { recursive: true })
})

/** The next release has this release phase. */
const releasePhase = (command: string) =>
  writeFileSync(join(folder, 'shop/Procfile'), `clock: node clock.js\nrelease: ${command}\n`)

const at = (found: (event: HerokuEvent) => boolean) => heroku.log.events.findIndex(found)
const ticks = (from: number) =>
  heroku.log.events.slice(from).filter((event) => shop.isLine(event, 'v1', /^tick/)).length

describe('a drain in the release phase', { timeout: 120_000 }, () => {
  it('begins when the build is done, waits for the job, and is released with the release', async () => {
    releasePhase('deploy-gate drain --hold 10m && echo migrated')
    shop.app.nextBuild({ hold: true })
    const from = heroku.log.events.length
    await using deploy = shop.step(INPUTS)
    await heroku.log.waitFor(({ kind }) => kind === 'build-started', { from })
    // It works while it builds, and takes a job.
    await jobs.lpush('jobs:start', '1')
    await shop.says('v1', /^job 1 started/)
    shop.app.releaseBuild()
    await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
    await jobs.lpush('jobs:end', '1')
    const result = await deploy.done
    expect(result.outputs).toMatchObject({ outcome: 'deployed', release: 'v2', 'jobs-finished': '1' })
    expect(result.code).toBe(0)
    expect(result.log).toMatch(/^remote: .*migrated$/m)
    expect(result.log).toMatch(/^clock\.1 of the new release is scheduling$/m)
    const finished = at((event) => shop.isLine(event, 'v1', /^job 1 finished/))
    const built = heroku.log.events.findLastIndex(({ kind }) => kind === 'build-done')
    const drained = at((event) => shop.isLine(event, 'v1', /^draining/))
    expect(drained).toBeGreaterThan(built)
    expect(at(({ kind }) => kind === 'sigterm')).toBeGreaterThan(finished)
    expect(heroku.log.events.filter(({ kind }) => kind === 'sigkill')).toEqual([])
    expect(ticks(drained)).toBe(0)
    expect(await jobs.exists('deploy-gate:{default}:announced')).toBe(0)
  })

  it('asks nobody when the build fails, and leaves no announcement behind', async () => {
    releasePhase('deploy-gate drain --hold 10m')
    shop.app.nextBuild({ fail: 'failed to compile Node.js app.' })
    await using deploy = shop.step(INPUTS)
    const result = await deploy.done
    expect([result.code, result.outputs.outcome]).toEqual([1, 'build-failed'])
    expect(at((event) => shop.isLine(event, 'v1', /^draining/))).toBe(-1)
    expect(await jobs.exists('deploy-gate:{default}:announced')).toBe(0)
    await shop.says('v1', /^tick/, { from: heroku.log.events.length })
  })

  it('gives the clock back when what follows it fails', async () => {
    releasePhase('deploy-gate drain --hold 10m && echo cannot migrate && exit 3')
    await using deploy = shop.step(INPUTS)
    const result = await deploy.done
    expect([result.code, result.outputs.outcome]).toEqual([1, 'release-failed'])
    expect(told(result, 'error')).toMatch(/its release v2 failed.*v1, is still running/)
    expect(result.log).toMatch(/^remote: .*cannot migrate$/m)
    await shop.says('v1', /^\[deploy-gate\] resuming/)
    await shop.says('v1', /^tick/, { from: heroku.log.events.length })
    expect(at(({ kind }) => kind === 'sigterm')).toBe(-1)
  })

  it('that fails is told as what it is, by the terms of the workflow', async () => {
    releasePhase('deploy-gate drain --hold 10m')
    await jobs.lpush('jobs:start', '1')
    await shop.says('v1', /^job 1 started/)
    const limits = { 'acknowledge-timeout': '2s', 'drain-timeout': '3s' }
    await using deploy = shop.step({ ...INPUTS, ...limits })
    const result = await deploy.done
    expect([result.code, result.outputs.outcome]).toEqual([1, 'drain-timeout'])
    expect(told(result, 'error')).toMatch(
      /The drain failed in the release phase: Not drained within 3 s: clock\.1 \(1 job running/,
    )
    await jobs.lpush('jobs:end', '1')
    await shop.says('v1', /^job 1 finished/)
    await shop.says('v1', /^tick/, { from: heroku.log.events.length })
    expect(at(({ kind }) => kind === 'sigterm')).toBe(-1)
  })

  it('that nobody has asked for is warned of: the release came over working processes', async () => {
    releasePhase('echo migrated')
    await using deploy = shop.step(INPUTS)
    const result = await deploy.done
    expect(result.outputs).toMatchObject({ outcome: 'deployed', release: 'v2' })
    expect(told(result, 'warning')).toMatch(/The release phase did not drain.*release: deploy-gate drain/)
  })

  it('is given back when the job is cancelled while it holds', async () => {
    releasePhase('deploy-gate drain --hold 10m && sleep 600')
    await using deploy = shop.step(INPUTS)
    await deploy.waitForLine(/^clock\.1 is drained/)
    await deploy.cancel()
    const result = await deploy.done
    expect(result).toMatchObject({ code: 1, signal: null, outputs: { outcome: 'cancelled' } })
    await shop.says('v1', /^\[deploy-gate\] resuming/)
    await shop.says('v1', /^tick/, { from: heroku.log.events.length })
  })
})

it('a commit without a release phase is refused before anything is announced', {
  timeout: 60_000,
}, async () => {
  await using deploy = shop.step(INPUTS)
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'preflight-failed'])
  expect(told(result, 'error')).toMatch(
    /The Procfile of [0-9a-f]{8} declares no release phase[\s\S]*release: deploy-gate drain/,
  )
  expect(at(({ kind }) => kind === 'push-received')).toBe(-1)
})

it('a release that is taken back is drained for by the release phase of the rollback', {
  timeout: 180_000,
}, async () => {
  releasePhase('deploy-gate drain --hold 10m')
  {
    await using first = shop.step(INPUTS)
    expect((await first.done).outputs).toMatchObject({ outcome: 'deployed', release: 'v2' })
  }
  await using deploy = shop.step({
    ...INPUTS,
    ...{ 'rollback-on-failure': 'true', 'wait-for-clock': '20s' },
    // Nobody listens at this address.
    ...{
      'health-check-url': 'http://127.0.0.1:9/',
      'health-check-timeout': '1s',
      'health-check-interval': '1s',
    },
  })
  const result = await deploy.done
  expect(result.outputs).toMatchObject({ outcome: 'health-check-failed', release: 'v3', rollback: 'v4' })
  expect(told(result, 'error')).toMatch(/It was taken back: shop runs what v2 was, as v4\.$/m)
  expect(at((event) => shop.isLine(event, 'v3', /^draining/))).toBeGreaterThan(-1)
  await shop.says('v4', /^tick/)
})
