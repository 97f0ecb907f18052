import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gitEnvironment, openRepository, type Repository } from '../heroku/support/repository.ts'
import type { LocalApp } from '../support/heroku/app.ts'
import { type LocalHeroku, startHeroku } from '../support/heroku/local-heroku.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { startStep } from '../support/runner/runner.ts'
import { told } from './support/scene.ts'

const CLOCK = join(import.meta.dirname, '../support/apps/clock')

let folder: string
let redis: RedisServer
let heroku: LocalHeroku
let app: LocalApp
let checkout: Repository

/** A repository with the app in services/shop, and an app that has never been deployed. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-gate-integration-'))
  redis = await startRedis()
  heroku = await startHeroku({ killAfterMs: 1_000 })
  app = heroku.createApp('shop', { configVars: { REDIS_URL: redis.url } })
  const path = join(folder, 'checkout')
  cpSync(CLOCK, join(path, 'services/shop'), {
    recursive: true,
    filter: (from) => !from.endsWith('/node_modules'),
  })
  checkout = openRepository(path, folder)
  checkout.git('init', '--quiet', '--initial-branch=main')
  commit('one')
})
afterEach(async () => {
  await heroku.close()
  await redis.stop()
  rmSync(folder, { recursive: true })
})

function commit(name: string): string {
  writeFileSync(join(checkout.path, 'services/shop/CHANGES'), `${name}\n`)
  writeFileSync(join(checkout.path, 'NOTES'), `${name}\n`)
  checkout.git('add', '--all')
  return checkout.commit(name)
}

const step = (inputs: Record<string, string> = {}) =>
  startStep({
    inputs: { 'heroku-app': 'shop', 'heroku-api-key': heroku.apiKey, ...inputs },
    env: { ...gitEnvironment(folder), HEROKU_API_URL: heroku.apiUrl, HEROKU_GIT_URL: heroku.gitUrl },
    workspace: checkout.path,
  })

const saw = (release: string) =>
  heroku.log.waitFor(
    (event) => event.kind === 'dyno-line' && event.release === release && /^tick/.test(event.text),
  )

describe('an app in a folder', { timeout: 120_000 }, () => {
  it('is deployed with that folder’s history, again and again, and the checkout stays as it is', async () => {
    const first = { 'app-dir': 'services/shop', 'on-missing-clock': 'deploy', 'acknowledge-timeout': '1s' }
    await using deploy = step(first)
    expect(await deploy.done).toMatchObject({ code: 0, outputs: { outcome: 'deployed', release: 'v1' } })
    await saw('v1')
    const two = commit('two')
    const before = [checkout.git('status', '--porcelain'), checkout.git('for-each-ref')]
    await using again = step({ 'app-dir': './services/shop/' })
    const result = await again.done
    expect(result).toMatchObject({ code: 0, outputs: { outcome: 'deployed', release: 'v2' } })
    expect(result.log).toMatch(new RegExp(`services/shop of HEAD \\(${two.slice(0, 8)}\\) is [0-9a-f]{8}`))
    expect([checkout.git('status', '--porcelain'), checkout.git('for-each-ref')]).toEqual(before)
    const head = app.head ?? ''
    expect(result.outputs.commit).toBe(head)
    const files = execFileSync('git', [
      ...['-C', join(heroku.repositories, 'shop.git'), 'ls-tree', '--name-only', head],
    ]).toString()
    expect(files).toMatch(/^Procfile$/m)
    expect(files).not.toMatch(/services|NOTES/)
  })

  it('that is not there is told, and nothing is pushed', async () => {
    await using deploy = step({ 'app-dir': 'services/shopp' })
    const result = await deploy.done
    expect([result.code, result.outputs.outcome]).toEqual([1, 'preflight-failed'])
    expect(told(result, 'error')).toMatch(/services\/shopp/)
    expect(heroku.log.events.filter(({ kind }) => kind === 'push-received')).toEqual([])
  })
})

describe('a build of somebody else’s', { timeout: 120_000 }, () => {
  const inputs = { 'app-dir': 'services/shop', 'on-missing-clock': 'deploy', 'acknowledge-timeout': '1s' }

  it('is waited for before anything begins', async () => {
    const build = app.builds.startForeign('f'.repeat(40))
    await using deploy = step(inputs)
    await deploy.waitForLine(/^Heroku is building ffffffff for shop already .*: waiting for it$/)
    expect(heroku.log.events.filter(({ kind }) => kind === 'push-received')).toEqual([])
    build.end('failed')
    expect(await deploy.done).toMatchObject({ code: 0, outputs: { outcome: 'deployed' } })
  })

  it('is refused where that is wanted', async () => {
    app.builds.startForeign('f'.repeat(40))
    await using deploy = step({ ...inputs, 'on-running-build': 'fail' })
    const result = await deploy.done
    expect([result.code, result.outputs.outcome]).toEqual([1, 'preflight-failed'])
    expect(told(result, 'error')).toMatch(
      /Heroku is building ffffffff for shop already[\s\S]*on-running-build: wait/,
    )
    expect(heroku.log.events.filter(({ kind }) => kind === 'push-received')).toEqual([])
  })
})
