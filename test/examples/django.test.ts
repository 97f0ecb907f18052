import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runPython } from '../clients/support/python.ts'
import { type Deployment, openDeployment } from '../integration/support/deployment.ts'
import { type LocalHeroku, startHeroku } from '../support/heroku/local-heroku.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'

const ROOT = join(import.meta.dirname, '../..')
const CLOCK = 'exports/management/commands/clock.py'
const LIMIT_MS = 180_000
const SOON = { timeoutMs: 60_000 }
/** Longer than the 10 s after which the clock, which can't hear the doorbell, asks what is wanted. */
const EXPORT_SECONDS = 15

let folder: string
let redis: RedisServer
let heroku: LocalHeroku

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-gate-django-'))
  mkdirSync(join(folder, 'bin'))
  // `python` as at Heroku; here it is the one that has Django.
  symlinkSync('/usr/bin/python3', join(folder, 'bin/python'))
  redis = await startRedis()
  heroku = await startHeroku({ killAfterMs: 1_000 })
})
afterAll(async () => {
  await heroku.close()
  await redis.stop()
  rmSync(folder, { recursive: true })
})

/** The example as its README has it: with a copy of the client next to manage.py. */
function copyOfExample(name: string): string {
  const source = join(folder, `${name}-source`)
  cpSync(join(ROOT, 'examples/django-clock'), source, { recursive: true })
  cpSync(join(ROOT, 'clients/python/deploy_gate.py'), join(source, 'deploy_gate.py'))
  return source
}

/** The app at the local Heroku, in the middle of its first export. */
async function open(name: string, source = copyOfExample(name)): Promise<Deployment> {
  const configVars = {
    PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
    // As Heroku's buildpack for Python has it.
    PYTHONUNBUFFERED: '1',
    SECRET_KEY: `only-for-this-test-${Math.random()}`,
    REDIS_URL: redis.url,
    DEPLOY_GATE_NAME: name,
    EXPORT_EVERY_SECONDS: '1',
    EXPORT_SECONDS: String(EXPORT_SECONDS),
  }
  const app = await openDeployment(heroku, { name, source, parent: folder, configVars })
  await app.says('v1', /^export .* started/, SOON)
  return app
}
const of = (name: string, kind: string) =>
  heroku.log.events.filter((event) => event.app === name && event.kind === kind)
/** `started finished started`: what a release's exports have said, up to an event. */
const exportsOf = (app: Deployment, release: string, until?: number) =>
  heroku.log.events
    .slice(0, until)
    .filter((event) => app.isLine(event, release, /^export /))
    .map(({ text }) => text.split(' ').at(-1))
    .join(' ')
/** Every export that began has come to its end. */
const WHOLE = /^started finished( started finished)*$/

describe.concurrent('a Django clock', { timeout: LIMIT_MS }, () => {
  it('finishes its export before the deploy that would have killed it', async () => {
    const name = 'deployed'
    const app = await open(name)
    await using deploy = app.step({ 'gate-name': name })
    await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
    const { outputs, code } = await deploy.done
    expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2', 'jobs-finished': '1' })
    expect(code).toBe(0)
    await heroku.log.waitFor(
      ({ app: at, kind, release }) => at === name && kind === 'dyno-exited' && release === 'v1',
      SOON,
    )
    expect(exportsOf(app, 'v1')).toMatch(WHOLE)
    expect(of(name, 'sigkill')).toEqual([])
    await app.says('v2', /^export .* started/, SOON)
  })

  it('goes on exporting after a build that failed', async () => {
    const name = 'failed'
    const app = await open(name)
    app.app.nextBuild({ fail: 'failed to compile Python app.' })
    await using deploy = app.step({ 'gate-name': name })
    await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
    const { outputs, code } = await deploy.done
    expect([code, outputs.outcome]).toEqual([1, 'build-failed'])
    const from = heroku.log.events.findIndex((event) => event.app === name && event.kind === 'build-failed')
    expect(exportsOf(app, 'v1', from)).toMatch(WHOLE)
    await app.says('v1', /^export .* started/, { ...SOON, from })
    expect(of(name, 'sigterm')).toEqual([])
  })

  it('is killed in the middle of its export without the gate', async () => {
    const name = 'bare'
    const source = copyOfExample(name)
    const clock = join(source, CLOCK)
    const gated = readFileSync(clock, 'utf8')
    const bare = gated.replace(/^.*deploy_gate.*\n/gm, '')
    expect(bare.split('\n')).toHaveLength(gated.split('\n').length - 2)
    writeFileSync(clock, bare)
    const app = await open(name, source)
    await app.app.deployFolder(join(folder, name))
    await heroku.log.waitFor(
      ({ app: at, kind, release }) => at === name && kind === 'dyno-exited' && release === 'v1',
      SOON,
    )
    expect(exportsOf(app, 'v1')).not.toMatch(WHOLE)
  })
})

it('gives each of its jobs database connections that are neither stale before nor open after it', () => {
  const source = copyOfExample('connections')
  writeFileSync(
    join(source, 'with_database.py'),
    `from shop.settings import *
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ${JSON.stringify(join(folder, 'db.sqlite3'))}}}
`,
  )
  const { stdout, stderr } = runPython(
    `
import warnings
warnings.simplefilter("ignore")  # of Django itself
import django
django.setup()
from django.db import connection
from exports.management.commands.clock import with_fresh_connections

def job():
    print(connection.connection)
    connection.ensure_connection()
connection.ensure_connection()
connection.close_at = 0
with_fresh_connections(job)()
print(connection.connection)
`,
    { PYTHONPATH: source, DJANGO_SETTINGS_MODULE: 'with_database', SECRET_KEY: 'only-for-this-test' },
  )
  expect([stderr, stdout]).toEqual(['', 'None\nNone\n'])
})
