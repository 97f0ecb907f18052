import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LocalApp } from './heroku/app.ts'
import { gitEnvironment } from './heroku/git.ts'
import { type LocalHeroku, startHeroku } from './heroku/local-heroku.ts'

/** Says that it is up, and does not heed SIGTERM. */
const STUBBORN = `process.on('SIGTERM', () => console.log('told to end')); setInterval(() => {}, 1e6); console.log('up')`

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
  const remote = `${heroku.gitUrl}/${name}.git`
  const child = spawn('git', ['push', remote, 'HEAD:refs/heads/main'], {
    cwd: checkout,
    env: {
      ...gitEnvironment(),
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${remote}.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`:${key}`).toString('base64')}`,
    },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (said += piece))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? -1, said })))
}

async function read(path: string, key = heroku.apiKey): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(heroku.apiUrl + path, { headers: { Authorization: `Bearer ${key}` } })
  return { status: answer.status, body: await answer.json() }
}

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
    const story = heroku.log.events
      .filter(({ kind }) => /^(sig|dyno-(up|exited))/.test(kind))
      .map(({ kind, release }) => `${kind} ${release}`)
    expect(story).toEqual(['dyno-up v1', 'sigterm v1', 'dyno-up v2', 'sigkill v1', 'dyno-exited v1'])
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
    expect(await push('wrong')).toMatchObject({ code: 128 })
    expect(await push(heroku.apiKey, 'shpo')).toMatchObject({ code: 128 })
    expect(app.releases.all).toEqual([])
  })
})

it('answers as the Platform API to a wrong token and for another app', async () => {
  expect(await read('/apps/shop', 'wrong')).toMatchObject({ status: 401, body: { id: 'unauthorized' } })
  expect(await read('/apps/shpo')).toMatchObject({ status: 404, body: { id: 'not_found' } })
  expect(await read('/apps/shop')).toMatchObject({ status: 200, body: { name: 'shop' } })
})
