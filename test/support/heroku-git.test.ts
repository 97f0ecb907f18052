import { execFile, execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { gitEnvironment } from './heroku/git.ts'
import { openScene, type Scene } from './heroku/scene.ts'

/** A safety net only: everything waits for events. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
  await scene.deploy({ Procfile: 'clock: sleep 60\n' })
  const repository = { cwd: scene.folder, env: gitEnvironment() }
  execFileSync('git', ['init', '--quiet', '--initial-branch=main'], repository)
  execFileSync('git', ['commit', '--quiet', '--allow-empty', '-m', 'Begin'], repository)
})
afterEach(() => scene[Symbol.asyncDispose]())

interface Ended {
  readonly code: number
  readonly said: string
}

/** Not synchronous: the server is in this process. */
function git(token: string, ...args: string[]): Promise<Ended> {
  const env = {
    ...gitEnvironment(),
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${scene.heroku.gitUrl}.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`:${token}`).toString('base64')}`,
  }
  return new Promise((resolve) => {
    const child = execFile('git', args, { cwd: scene.folder, env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, said: stdout + stderr })
    })
  })
}

const remote = () => `${scene.heroku.gitUrl}/shop.git`
const push = (token: string) => git(token, 'push', '--force', remote(), 'HEAD:refs/heads/main')
const ask = (token = scene.heroku.apiKey) => git(token, 'ls-remote', remote())

it('lets a token read that has a scope for it, and push only with write-protected', async () => {
  const token = scene.heroku.createToken(['read'])
  expect(await ask(token)).toMatchObject({ code: 0 })
  for (const weak of [token, scene.heroku.createToken(['write'])]) {
    const { code, said } = await push(weak)
    expect(code).toBe(128)
    expect(said).toMatch(/remote: !\s+The scope of this OAuth[\s\S]*requested URL returned error: 403/)
  }
  expect(await push(scene.heroku.createToken(['write-protected']))).toMatchObject({ code: 0 })
  expect(await ask(scene.heroku.createToken(['identity']))).toMatchObject({ code: 128 })
})

it('refuses as many requests as told, and then no more', async () => {
  scene.heroku.refuseGit(2)
  for (const run of [ask, () => push(scene.heroku.apiKey)]) {
    const { code, said } = await run()
    expect(code).toBe(128)
    expect(said).toMatch(/remote: !\s+Too many requests for this Git repo\.[\s\S]*error: 429/)
  }
  expect(await ask()).toMatchObject({ code: 0 })
})

it('says when to come again if told to', async () => {
  scene.heroku.refuseGit(1, { retryAfterSec: 7 })
  scene.heroku.refuseGit(1)
  const headers = async () => (await fetch(`${remote()}/info/refs`)).headers.get('retry-after')
  expect([await headers(), await headers()]).toEqual(['7', null])
})
