import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type LocalHeroku, startHeroku } from '../support/heroku/local-heroku.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import type { Step, StepResult } from '../support/runner/runner.ts'
import { type Deployment, openDeployment } from './support/deployment.ts'
import { told } from './support/scene.ts'

/** A safety net only: everything waits for events. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const SOURCE = join(import.meta.dirname, '../support/apps/clock')
const CLI = join(import.meta.dirname, '../../lib/cli.js')
const PASSWORD = 'pa55word-of-the-dynos'

let folder: string
let redis: RedisServer
let heroku: LocalHeroku
let shop: Deployment
let jobs: Redis

interface AppSettings {
  /** what its Procfile has besides the clock */
  readonly procfile?: string
  /** the commands that its dynos find, besides the system's, as scripts; those of its packages when absent */
  readonly commands?: Readonly<Record<string, string>>
}

/**
 * An app whose clock, a dyno of v1, works on a job. Where its Redis is, only its dynos know: no config var tells it, so whoever is no
 * dyno can't connect there.
 */
async function open({ procfile = '', commands }: AppSettings = {}): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'deploy-gate-dyno-'))
  redis = await startRedis({ password: PASSWORD })
  heroku = await startHeroku({ killAfterMs: 10_000, baseEnv: { REDIS_URL: redis.url } })
  const configVars = commands && { PATH: pathTo(commands) }
  shop = await openDeployment(heroku, {
    ...{ name: 'shop', source: SOURCE, parent: folder },
    files: { Procfile: `clock: node clock.js\n${procfile}` },
    ...(configVars && { configVars }),
  })
  jobs = new Redis(redis.url)
  await jobs.lpush('jobs:start', '1')
  await shop.says('v1', /^job 1 started/)
}
beforeEach(() => open())
afterEach(() => close())

function pathTo(commands: Readonly<Record<string, string>>): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  for (const [name, script] of Object.entries(commands)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return [dirname(process.execPath), bin, '/usr/bin', '/bin'].join(delimiter)
}

async function close(): Promise<void> {
  jobs.disconnect()
  await heroku.close()
  await redis.stop()
  rmSync(folder, { recursive: true })
}

const step = (inputs: Record<string, string> = {}): Step =>
  shop.step({ 'drain-from': 'dyno', ...inputs }, {}, { NODE_EXTRA_CA_CERTS: heroku.caFile })
const endJob = () => jobs.lpush('jobs:end', '1')
const phase = () => jobs.hget('deploy-gate:{default}:intent', 'phase')
/** From now on the old clock schedules. */
const worksOn = async () => {
  await shop.says('v1', /^\[deploy-gate\] resuming/)
  await shop.says('v1', /^tick/, { from: heroku.log.events.length })
}
const gone = () => heroku.log.waitFor(({ kind, dyno }) => kind === 'dyno-exited' && /^run\./.test(dyno ?? ''))

function assertSecret({ raw, log, summary, outputs, state }: StepResult): void {
  expect(raw + log + summary + JSON.stringify([outputs, state])).not.toContain(PASSWORD)
  // The post step has nothing to end.
  expect(state.hold ?? '').toBe('')
}

it('drains in a dyno, deploys, and sees the new clock', async () => {
  await using deploy = step()
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await endJob()
  const result = await deploy.done
  expect(told(result, 'error')).toBe('')
  expect(result.outputs).toMatchObject({ outcome: 'deployed', release: 'v2', 'jobs-finished': '1' })
  expect(Number(result.outputs['quiet-seconds'])).toBeGreaterThan(0)
  expect(JSON.parse(result.outputs.drained ?? '')).toMatchObject([
    { dyno: 'clock.1', finished: 1, stored: 0, drainedSeconds: expect.any(Number) },
  ])
  expect(result.log).toMatch(/Drain in run\.\d+/)
  expect(result.log).toMatch(/^v2 runs: the held stay quiet for their SIGTERM$/m)
  expect(result.log).not.toContain('"deploy-gate":')
  expect(await phase()).toBe('released')
  const { text } = await gone()
  expect(text).toMatch(/code 0$/)
  await shop.says('v2', /^tick/)
  expect(heroku.log.events.filter(({ kind }) => kind === 'sigkill')).toEqual([])
  const drained = heroku.log.events.findIndex((event) => shop.isLine(event, 'v1', /^draining/))
  expect(heroku.log.events.slice(drained).filter((event) => shop.isLine(event, 'v1', /^tick/))).toEqual([])
  assertSecret(result)
})

it('says what the drain says that fails in the dyno, and the clock goes on', async () => {
  await using deploy = step({ 'drain-timeout': '2s', 'acknowledge-timeout': '2s' })
  const result = await deploy.done
  expect(result).toMatchObject({ code: 1, outputs: { outcome: 'drain-timeout' } })
  expect(told(result, 'error')).toMatch(
    /^Not drained within 2 s: clock\.1 \(1 job running.*\n.*Raise drain-timeout/,
  )
  expect(await phase()).toBe('aborted')
  await gone()
  await endJob()
  await worksOn()
  expect(heroku.log.events.filter(({ kind }) => kind === 'build-started')).toHaveLength(1)
  assertSecret(result)
})

it('gives the clock back when the build fails', async () => {
  shop.app.nextBuild({ fail: 'failed to compile Node.js app.' })
  await using deploy = step()
  await deploy.waitForLine(/^clock\.1 accepted/)
  await endJob()
  const result = await deploy.done
  expect(result).toMatchObject({ code: 1, outputs: { outcome: 'build-failed' } })
  expect(result.log).toMatch(/^clock\.1 is scheduling again$/m)
  expect(await phase()).toBe('aborted')
  await worksOn()
  await gone()
  assertSecret(result)
})

it.each([
  ['while it drains', false],
  ['while the push runs', true],
])('gives the clock back when the job is cancelled %s, in the time that it has', async (_, pushing) => {
  if (pushing) shop.app.nextBuild({ hold: true })
  await using deploy = step()
  await deploy.waitForLine(/^clock\.1 accepted/)
  if (pushing) {
    await endJob()
    await deploy.waitForLine(/Building on the Heroku/)
  }
  await deploy.cancel()
  const result = await deploy.done
  expect(result).toMatchObject({ code: 1, signal: null, outputs: { outcome: 'cancelled' } })
  expect(await phase()).toBe('aborted')
  await gone()
  if (!pushing) await endJob()
  await worksOn()
  const post = await deploy.post()
  expect(post.code).toBe(0)
  assertSecret(result)
  shop.app.releaseBuild()
})

it('gives the clock back when the connection breaks during the push, and warns', async () => {
  shop.app.oneOffs.next({ breakAfter: '"event":"open"' })
  shop.app.nextBuild({ hold: true })
  await using deploy = step()
  await deploy.waitForLine(/^clock\.1 accepted/)
  await endJob()
  await deploy.waitForLine(/broke off.*Whoever is held goes on within 3 min, while the deploy runs/)
  await worksOn()
  expect(await phase()).toBe('aborted')
  shop.app.releaseBuild()
  const result = await deploy.done
  expect(result.outputs).toMatchObject({ outcome: 'clock-not-seen', release: 'v2' })
  expect(told(result, 'error')).toMatch(/^v2 is released, but run\.\d+, which was to see its clock, is gone/)
  assertSecret(result)
})

it('drains the new clock from a dyno, too, before a release that does not serve is taken back', async () => {
  await using deploy = step({
    ...{ 'rollback-on-failure': 'true', 'wait-for-dynos': '0' },
    ...{
      'health-check-url': 'http://127.0.0.1:9/',
      'health-check-timeout': '1s',
      'health-check-interval': '1s',
    },
  })
  await deploy.waitForLine(/^clock\.1 accepted/)
  await endJob()
  const result = await deploy.done
  expect(result.outputs).toMatchObject({ outcome: 'health-check-failed', release: 'v2', rollback: 'v3' })
  const from = heroku.log.events.findIndex(({ text }) => text.startsWith('v3 '))
  const before = heroku.log.events.slice(0, from)
  expect(before.some((event) => shop.isLine(event, 'v2', /^draining/))).toBe(true)
  const dynos = heroku.log.events.filter(({ kind, dyno }) => kind === 'dyno-up' && /^run\./.test(dyno ?? ''))
  expect(dynos).toHaveLength(2)
  expect(result.log).toMatch(/^v3 runs: the held stay quiet for their SIGTERM$/m)
  await shop.says('v3', /^tick/)
  assertSecret(result)
})

it('names the command that the slug has not', async () => {
  await close()
  await open({ commands: {} })
  await using deploy = step()
  const result = await deploy.done
  expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
  expect(told(result, 'error')).toMatch(
    /^There is no deploy-gate command in shop's slug.*not found.*\n.*npm package heroku-deploy-gate/,
  )
  expect(await phase()).toBeNull()
  await endJob()
})

it('names a command that is too old', async () => {
  await close()
  // Today's, which is asked for what it does not know.
  const script = `said=$(node ${CLI} drain --attended-not-yet 2>&1); code=$?
    printf '%s\\n' "$said" | sed 's/--attended-not-yet/--attended/'; exit $code`
  await open({ commands: { 'deploy-gate': script } })
  await using deploy = step()
  const result = await deploy.done
  expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
  expect(told(result, 'error')).toMatch(/^The deploy-gate in shop's slug is too old for drain-from: dyno/)
  expect(await phase()).toBeNull()
  await endJob()
})

it('says which scope the token lacks', async () => {
  await using deploy = step({ 'heroku-api-key': heroku.createToken(['write']) })
  const result = await deploy.done
  expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
  expect(told(result, 'error')).toMatch(
    /may not start a one-off dyno of shop.*\n.*It needs the scope write-protected or global/,
  )
  expect(await phase()).toBeNull()
  await endJob()
})

it('ends what a release phase holds out of sight, when its release fails', async () => {
  await close()
  // The first deploy has no clock to drain, and every other one fails after its drain.
  const drain = 'deploy-gate drain --hold 10m --acknowledge-timeout 2s --on-missing-clock deploy'
  await open({ procfile: `release: ${drain} && test ! -e CHANGES\n` })
  await using deploy = step({ 'drain-at': 'release-phase' })
  await deploy.waitForLine(/clock\.1 accepted: 1 job running/)
  await endJob()
  const result = await deploy.done
  expect(result).toMatchObject({ code: 1, outputs: { outcome: 'release-failed' } })
  expect(result.log).toMatch(/^nobody is held any more by a release phase$/m)
  expect(await phase()).toBe('aborted')
  await worksOn()
  assertSecret(result)
})
