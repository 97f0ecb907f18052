import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { processes } from '../heroku/support/processes.ts'
import type { LocalApp } from './heroku/app.ts'
import { gitEnvironment } from './heroku/git.ts'
import { type LocalHeroku, startHeroku } from './heroku/local-heroku.ts'

/** Says that it is up, and does not heed SIGTERM. */
const STUBBORN = `process.on('SIGTERM', () => console.log('told to end')); setInterval(() => {}, 1e6); console.log('up')`

/** A dyno of three processes, none of which heeds SIGTERM: two in sessions of their own, the parent of one of these has ended. */
const FAMILY = `const { spawn } = require('node:child_process')
  const [stage = 'root'] = process.argv.slice(2)
  const start = (stage) => spawn(process.execPath, [__filename, stage], { detached: true, stdio: 'inherit' })
  if (stage === 'between') start('orphan').unref()
  else {
    process.on('SIGTERM', () => console.log(stage + ' told to end'))
    setInterval(() => stage === 'root' && require('node:fs').existsSync('end') && process.exit(), 10)
    console.log(stage + ' up ' + process.pid)
  }
  if (stage === 'root') {
    start('session')
    start('between')
  }`

/** A safety net only: everything waits for events. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let heroku: LocalHeroku
let app: LocalApp
let folder: string
let checkout: string

beforeEach(async () => {
  heroku = await startHeroku({ killAfterMs: 300 })
  app = heroku.createApp('shop', {})
  folder = mkdtempSync(join(tmpdir(), 'heroku-test-'))
  checkout = join(folder, 'checkout')
  mkdirSync(checkout)
  git('init', '--quiet', '--initial-branch=main')
  commit('clock: node clock.js\n')
})
afterEach(async () => {
  await heroku[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: checkout, env: gitEnvironment() }).toString().trim()
}

function commit(procfile: string): string {
  writeFileSync(join(checkout, 'clock.js'), STUBBORN)
  writeFileSync(join(checkout, 'Procfile'), procfile)
  git('add', '--all')
  git('commit', '--quiet', '--allow-empty', '-m', procfile)
  return git('rev-parse', 'HEAD')
}

/** How a push ends and what it prints. Not synchronous: the server is in this process. */
async function push(key = heroku.apiKey, name = 'shop'): Promise<{ code: number; said: string }> {
  return startPush({ key, name }).ended
}

interface RunningPush {
  readonly ended: Promise<{ code: number; said: string }>
  /** resolves when git has shown this */
  shown(text: string): Promise<void>
  /** ends git and its children, as a runner that vanishes */
  kill(): void
}

function startPush({
  key = heroku.apiKey,
  name = 'shop',
  from = checkout,
  branch = 'main',
} = {}): RunningPush {
  const remote = `${heroku.gitUrl}/${name}.git`
  const child = spawn('git', ['push', remote, `HEAD:refs/heads/${branch}`], {
    cwd: from,
    detached: true,
    env: {
      ...gitEnvironment(),
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${remote}.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`:${key}`).toString('base64')}`,
    },
  })
  let said = ''
  const looks = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      said += piece
      for (const look of looks) look()
    })
  }
  return {
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? -1, said }))),
    shown: (text) =>
      new Promise((resolve) => {
        const look = () => said.includes(text) && resolve()
        looks.add(look)
        look()
      }),
    kill: () => void process.kill(-(child.pid as number), 'SIGKILL'),
  }
}

async function read(
  path: string,
  key = heroku.apiKey,
  range = '',
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(heroku.apiUrl + path, {
    headers: { ...headers(key), ...(range && { Range: range }) },
  })
  return { status: answer.status, body: await answer.json() }
}

const headers = (key = heroku.apiKey) => ({
  Accept: 'application/vnd.heroku+json; version=3',
  Authorization: `Bearer ${key}`,
})

/** Resolves when the clock of this release says something. */
const said = (what: string, version: string) =>
  heroku.log.waitFor(
    ({ kind, text, release }) => kind === 'dyno-line' && text === what && release === version,
  )

/** A dyno's boot, end and signals, in order. */
const story = () =>
  heroku.log.events
    .filter(({ kind }) => /^(sig|dyno-(up|exited))/.test(kind))
    .map(({ kind, release }) => `${kind} ${release}`)

const versions = () => app.dynos.running.map(({ version }) => version)

describe('a push', () => {
  it('builds, releases and starts dynos', async () => {
    const { code, said } = await push()
    expect(code).toBe(0)
    expect(said).toMatch(
      /remote: -----> Node\.js app detected[\s\S]*Released v1[\s\S]*Verifying deploy\.\.\. done/,
    )
    await heroku.log.waitFor(({ kind, text }) => kind === 'dyno-line' && text === 'up')
    expect((await read('/apps/shop/releases')).body).toMatchObject([{ version: 1, status: 'pending' }])
    expect((await read('/apps/shop/releases')).body).toMatchObject([
      { version: 1, status: 'succeeded', current: true },
    ])
    expect((await read('/apps/shop/dynos')).body).toMatchObject([{ name: 'clock.1', type: 'clock' }])
  })

  it('starts new dynos as the old ones are told to end, and kills who stays', async () => {
    await push()
    await heroku.log.waitFor(({ text, release }) => text === 'up' && release === 'v1')
    commit('clock: node clock.js\n#\n')
    await push()
    await heroku.log.waitFor(({ kind, release }) => kind === 'dyno-exited' && release === 'v1')
    expect(story()).toEqual(['dyno-up v1', 'sigterm v1', 'dyno-up v2', 'sigkill v1', 'dyno-exited v1'])
    expect(heroku.log.events.find(({ kind }) => kind === 'dyno-exited')?.signal).toBe('SIGKILL')
  })

  it('is declined when the build fails, and nothing is released', async () => {
    app.nextBuild({ fail: 'failed to compile Node.js app.' })
    const { code, said } = await push()
    expect(code).toBe(1)
    expect(said).toMatch(/!\s+Push rejected, failed to compile[\s\S]*pre-receive hook declined/)
    expect(app.releases.all).toEqual([])
  })

  it('ends with 0 when the release phase fails, and the old dynos stay', async () => {
    await push()
    const second = commit('clock: node clock.js\nrelease: exit 3\n')
    const { code, said } = await push()
    expect(code).toBe(0)
    expect(said).toContain('Waiting for release.... failed.')
    expect(git('ls-remote', join(heroku.repositories, 'shop.git'), 'refs/heads/main')).toContain(second)
    expect(app.releases.all.map(({ status }) => status)).toEqual(['succeeded', 'failed'])
    expect(app.dynos.running.map(({ version }) => version)).toEqual([1])
  })

  it('is refused with a wrong token and for another app', async () => {
    expect(await push('wrong')).toMatchObject({
      code: 128,
      said: expect.stringMatching(/could not read Username/),
    })
    const { code, said } = await push(heroku.apiKey, 'shpo')
    expect(code).toBe(128)
    expect(said).toMatch(/remote: !\s+No such app as shpo\.[\s\S]*repository '.*\/shpo\.git\/' not found/)
    expect(app.releases.all).toEqual([])
  })

  it('is refused from a shallow clone', async () => {
    commit('clock: node clock.js\n')
    const shallow = join(folder, 'shallow')
    git('clone', '--quiet', '--depth=1', `file://${checkout}`, shallow)
    const { code, said } = await startPush({ from: shallow }).ended
    expect(code).toBe(1)
    expect(said).toContain('shallow update not allowed')
    expect(app.head).toBeUndefined()
  })

  it('of another branch than main or master builds nothing', async () => {
    const { code, said } = await startPush({ branch: 'topic' }).ended
    expect(code).toBe(0)
    expect(said).toContain('remote: Pushed to non-main branch, skipping build.')
    expect(app.builds.all).toEqual([])
    expect(app.head).toBeUndefined()
  })

  it('shows the lines of a build as they come, and nothing is released while it is held', async () => {
    app.nextBuild({ hold: true })
    const running = startPush()
    await running.shown('Node.js app detected')
    expect(app.builds.all).toMatchObject([{ status: 'pending' }])
    expect([app.releases.all, versions(), app.head]).toEqual([[], [], undefined])
    app.releaseBuild()
    expect((await running.ended).code).toBe(0)
    expect(app.head).toBe(git('rev-parse', 'HEAD'))
  })

  it('lands although its client was killed in the middle of the build', async () => {
    app.nextBuild({ hold: true })
    const running = startPush()
    await running.shown('Node.js app detected')
    running.kill()
    await running.ended
    app.releaseBuild()
    await heroku.log.waitFor(({ kind }) => kind === 'push-answered')
    expect(app.head).toBe(git('rev-parse', 'HEAD'))
    await said('up', 'v1')
    expect(app.releases.all.map(({ version, status }) => [version, status])).toEqual([[1, 'succeeded']])
  })

  it('shows what the release phase prints, and keeps the old dynos until it has succeeded', async () => {
    await push()
    commit('clock: node clock.js\nrelease: echo migrating && echo done\n')
    app.nextReleasePhase({ hold: true })
    const running = startPush()
    await running.shown('Running release command...')
    expect(app.releases.all.map(({ status }) => status)).toEqual(['succeeded', 'pending'])
    expect(versions()).toEqual([1])
    app.releaseReleasePhase()
    const { code, said: shown } = await running.ended
    expect(code).toBe(0)
    expect(shown).toMatch(/remote: migrating[\s\S]*Waiting for release\.\.\.\. done\./)
    await said('up', 'v2')
  })

  it('fails its release phase as told, for an app that declares none', async () => {
    app.nextReleasePhase({ fail: true })
    expect(await push()).toMatchObject({
      code: 0,
      said: expect.stringContaining('Waiting for release.... failed.'),
    })
    expect(app.releases.all.map(({ status }) => status)).toEqual(['failed'])
    expect([app.head, versions()]).toEqual([git('rev-parse', 'HEAD'), []])
  })
})

describe('dynos', () => {
  it('are there after a folder was deployed, whose commit a push builds on', async () => {
    expect(await app.deployFolder(checkout, { commit: 'HEAD' })).toBe(git('rev-parse', 'HEAD'))
    await said('up', 'v1')
    commit('clock: node clock.js\n#\n')
    expect(await push()).toMatchObject({ code: 0 })
    expect(app.releases.current?.version).toBe(2)
  })

  it('are started again each time that they are killed from outside, also after a crash of their own', async () => {
    const crashing = `const { existsSync, writeFileSync } = require('node:fs')
      if (!existsSync('crashed')) { writeFileSync('crashed', ''); process.exit(1) }
      ${STUBBORN}`
    writeFileSync(join(checkout, 'once.js'), crashing)
    commit('clock: node once.js\n')
    await push()
    await said('up', 'v1')
    for (const _ of [1, 2]) {
      expect(await app.dynos.kill('clock.1', 'SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })
    }
    expect(story().filter((line) => line === 'dyno-up v1')).toHaveLength(4)
    expect(app.dynos.current).toMatchObject([{ name: 'clock.1', state: 'up' }])
  })

  it('stay crashed when they crash a second time by themselves', async () => {
    writeFileSync(join(checkout, 'crash.js'), 'process.exit(7)')
    commit('clock: node crash.js\n')
    await push()
    const ended = await heroku.log.waitFor(({ kind }) => kind === 'dyno-exited')
    await heroku.log.waitFor(({ kind }) => kind === 'dyno-exited', {
      from: heroku.log.events.indexOf(ended) + 1,
    })
    expect(story()).toEqual(['dyno-up v1', 'dyno-exited v1', 'dyno-up v1', 'dyno-exited v1'])
    expect(ended).toMatchObject({ code: 7, signal: null })
    expect((await read('/apps/shop/dynos')).body).toMatchObject([{ name: 'clock.1', state: 'crashed' }])
  })

  describe('of several processes, in sessions of their own and without a parent too', () => {
    const MEMBERS = ['root', 'session', 'orphan']

    /** Deploys them, and resolves with their process ids once all are up. */
    async function family(): Promise<number[]> {
      writeFileSync(join(checkout, 'family.js'), FAMILY)
      commit('clock: node family.js\n')
      await app.deployFolder(checkout)
      const lines = MEMBERS.map((member) =>
        heroku.log.waitFor(({ kind, text }) => kind === 'dyno-line' && text.startsWith(`${member} up`)),
      )
      return (await Promise.all(lines)).map(({ text }) => Number(text.split(' ').at(-1)))
    }
    const alive = (pids: number[]) => processes().filter(({ pid }) => pids.includes(pid))

    it('get every signal in each of them, SIGKILL at last', async () => {
      const pids = await family()
      expect(new Set(alive(pids).map(({ group }) => group)).size).toBe(MEMBERS.length)
      void app.dynos.kill('clock.1', 'SIGTERM')
      await Promise.all(MEMBERS.map((member) => said(`${member} told to end`, 'v1')))
      await app.dynos.kill('clock.1', 'SIGKILL')
      expect(alive(pids)).toEqual([])
    })

    it('end as a whole with the one that the Procfile names', async () => {
      const pids = await family()
      writeFileSync(join(app.releases.current?.slug?.folder ?? '', 'end'), '')
      expect(await heroku.log.waitFor(({ kind }) => kind === 'dyno-exited')).toMatchObject({ code: 0 })
      expect(alive(pids)).toEqual([])
    })
  })

  it('are told their name, their config vars, and what release they are only with the lab feature', async () => {
    const plain = heroku.createApp('plain', { configVars: { COLOUR: 'red' }, dynoMetadata: false })
    const show = '[DYNO, COLOUR, HEROKU_APP_NAME, HEROKU_RELEASE_VERSION]'
    writeFileSync(
      join(checkout, 'show.js'),
      `with (process.env) console.log(JSON.stringify(${show.replace(/HEROKU_\w+/g, 'process.env.$&')}))`,
    )
    commit('clock: node show.js\n')
    app.configVars.set('COLOUR', 'blue')
    await Promise.all([app.deployFolder(checkout), plain.deployFolder(checkout)])
    const line = (name: string) =>
      heroku.log.waitFor((event) => event.app === name && event.kind === 'dyno-line')
    expect(JSON.parse((await line('shop')).text)).toEqual(['clock.1', 'blue', 'shop', 'v1'])
    expect(JSON.parse((await line('plain')).text)).toEqual(['clock.1', 'red', null, null])
  })

  it('find the packages of this repository', async () => {
    writeFileSync(
      join(checkout, 'imports.mjs'),
      `console.log(typeof (await import('croner')).Cron, typeof (await import('ioredis')).Redis)`,
    )
    commit('clock: node imports.mjs\n')
    await app.deployFolder(checkout)
    expect((await heroku.log.waitFor(({ kind }) => kind === 'dyno-line')).text).toBe('function function')
  })
})

describe('the Platform API', () => {
  it('rolls back: the older slug makes a new release, and dynos change', async () => {
    await push()
    commit('clock: node clock.js\n#\n')
    await push()
    const slug = app.releases.all[0]?.slug?.id
    const answer = await fetch(`${heroku.apiUrl}/apps/shop/releases`, {
      method: 'POST',
      headers: headers(),
      body: JSON.stringify({ slug, description: 'Rollback to v1' }),
    })
    expect(answer.status).toBe(201)
    expect(await answer.json()).toMatchObject({
      version: 3,
      current: true,
      description: 'Rollback to v1',
      slug: { id: slug },
    })
    expect(app.dynos.current.map(({ version }) => version)).toEqual([3])
    expect(heroku.log.events.some(({ kind, release }) => kind === 'sigterm' && release === 'v2')).toBe(true)
  })

  it('lists releases and builds by range, newest first, and tells the commit of a slug', async () => {
    await push()
    const second = commit('clock: node clock.js\n#\n')
    await push()
    await read('/apps/shop/releases')
    const { status, body } = await read('/apps/shop/releases', heroku.apiKey, 'version ..; order=desc,max=1')
    expect(status).toBe(206)
    expect(body).toMatchObject([{ version: 2, status: 'succeeded' }])
    expect((await read('/apps/shop/releases/1')).body).toMatchObject({ version: 1, current: false })
    const builds = await read('/apps/shop/builds', heroku.apiKey, 'created_at ..; order=desc,max=10')
    expect(builds.status).toBe(200)
    expect(builds.body).toMatchObject([{ status: 'succeeded', source_blob: { version: second } }, {}])
    const slug = app.releases.current?.slug?.id
    for (const path of [`/apps/shop/slugs/${slug}`, `/apps/shop/slugs/${slug}`]) {
      expect((await read(path)).body).toMatchObject({
        commit: second,
        process_types: { clock: 'node clock.js' },
      })
    }
    expect((await read('/apps/shop/formation')).body).toMatchObject([{ type: 'clock', quantity: 1 }])
  })

  it('fails as often as told, and then no more', async () => {
    app.nextApi({ path: '/apps/shop', status: 503, body: { id: 'unwell', message: 'Later.' }, times: 2 })
    expect((await read('/apps/shop/dynos')).status).toBe(200)
    expect((await read('/apps/shop')).body).toEqual({ id: 'unwell', message: 'Later.' })
    expect((await read('/apps/shop')).status).toBe(503)
    expect((await read('/apps/shop')).status).toBe(200)
  })

  it('wants to be told its version', async () => {
    const answer = await fetch(`${heroku.apiUrl}/apps/shop`, {
      headers: { Authorization: `Bearer ${heroku.apiKey}` },
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ id: 'missing_version' })
  })
})

it('leaves no process when it is closed in the middle of a build and of a release phase', async () => {
  await push()
  await said('up', 'v1')
  heroku.createApp('other')
  commit('release: node clock.js\n')
  const phase = startPush({ name: 'other' })
  await heroku.log.waitFor(({ app: name, text }) => name === 'other' && text === 'up')
  app.nextBuild({ hold: true })
  const build = startPush()
  await build.shown('Node.js app detected')
  const pids = new Set(
    heroku.log.events.flatMap(({ kind, pid }) => (kind === 'dyno-line' && pid ? [pid] : [])),
  )
  expect(pids.size).toBe(2)
  await heroku.close()
  for (const { ended } of [phase, build]) expect((await ended).code).not.toBe(0)
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

it('answers as the Platform API to a wrong token and for another app', async () => {
  expect(await read('/apps/shop', 'wrong')).toMatchObject({ status: 401, body: { id: 'unauthorized' } })
  expect(await read('/apps/shpo')).toMatchObject({ status: 404, body: { id: 'not_found' } })
  expect(await read('/apps/shop')).toMatchObject({ status: 200, body: { name: 'shop' } })
})
