import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CLI, openScene, type Scene } from '../cli/support/scene.ts'
import type { Program } from '../integration/support/program.ts'
import { gitEnvironment } from '../support/heroku/git.ts'
import { blocksOf, read } from './support/pages.ts'

/** Commands that no test runs, and why. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/^(export REDIS_URL="\$\()?heroku (?!run\b)/, 'asks Heroku itself, for which an account is needed'],
  [/^gh /, 'asks GitHub itself, for which an account is needed'],
  [/^script\/test$/, 'runs this test'],
  [/^script\/demo$/, 'takes a minute and a half, and is run by demo.test.ts'],
]
const LIMIT_MS = 120_000

let scene: Scene
let env: NodeJS.ProcessEnv
let clock: Program
/** ends what a command needed beside it */
let after: () => Promise<unknown> = async () => {}

beforeAll(async () => {
  scene = await openScene()
  clock = await scene.clocks.boot('v1')
  const bin = join(scene.folder, 'bin')
  mkdirSync(bin)
  put('deploy-gate', `exec "${process.execPath}" "${CLI}" "$@"`)
  // `heroku run` runs the rest where the app's config vars are. Whatever else is asked of Heroku is believed to go well.
  put(
    'heroku',
    '[ "$1" = run ] || exit 0; shift; [ "$1" != --exit-code ] || shift; [ "$1" != -- ] || shift; exec "$@"',
  )
  env = {
    ...gitEnvironment(),
    PATH: [bin, process.env.PATH].join(delimiter),
    REDIS_URL: scene.redis.url,
    HOME: scene.folder,
  }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: scene.folder, env, stdio: 'pipe' })
  git('init', '--quiet', '--initial-branch=main')
  git('init', '--quiet', '--bare', 'heroku.git')
  git('remote', 'add', 'heroku', join(scene.folder, 'heroku.git'))
  git('commit', '--quiet', '--allow-empty', '-m', 'A change')

  function put(name: string, script: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
}, LIMIT_MS)
afterAll(() => scene[Symbol.asyncDispose]())
afterEach(() => after())

describe.each(['README.md', 'docs/operations.md'])('the commands of %s', (page) => {
  const commands = blocksOf(read(page))
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.trim().split('\n'))
  const run = commands.filter((command) => !NOT_RUN.some(([pattern]) => pattern.test(command)))

  it('are there', () => {
    expect(run.length).toBeGreaterThan(1)
  })

  it.each(run)(
    '%s',
    async (command) => {
      await prepare(command)
      const { code, output } = await shell(command)
      expect(code, output).toBe(0)
      if (/\bresume\b/.test(command)) expect(await drain()).toBeNull()
      if (/--hold\b/.test(command)) expect(await drain()).toMatchObject({ phase: 'pushing' })
      if (/\bgit push\b/.test(command))
        expect(await shell('git -C heroku.git rev-parse main')).toMatchObject({ code: 0 })
      if (/\bDEL\b/.test(command)) expect(await scene.other.redis.exists(scene.other.keys.intent)).toBe(0)
    },
    LIMIT_MS,
  )
})

it('every reason for a command not to be run is still needed', () => {
  const all = ['README.md', 'docs/operations.md'].flatMap((page) =>
    blocksOf(read(page)).map(({ code }) => code),
  )
  const unused = NOT_RUN.filter(
    ([pattern]) => !all.some((code) => code.split('\n').some((line) => pattern.test(line))),
  )
  expect(unused).toEqual([])
})

/** What a command needs to find: a drain for what ends one, a clock at work for what drains it. */
async function prepare(command: string): Promise<void> {
  after = async () => {}
  if (/\bresume --force\b/.test(command)) {
    await anew()
    const deploy = scene.start(['drain', '--', 'sleep', '600'])
    await expect.poll(drain, { timeout: LIMIT_MS }).toMatchObject({ phase: 'pushing' })
    after = () => {
      deploy.kill('SIGTERM')
      return deploy.ended
    }
  } else if (/\bresume\b/.test(command) && (await drain()) === null) {
    await anew()
    expect(await shell('deploy-gate drain --hold 10m')).toMatchObject({ code: 0 })
  } else if (/\bdeploy-gate drain\b|\bjq\b/.test(command)) await anew()
}

/** Does to the clock what Heroku does at a release: it gets its SIGTERM, and the next one boots. */
async function anew(): Promise<void> {
  clock.kill('SIGTERM')
  await clock.ended
  releases += 1
  clock = await scene.clocks.boot(`v${releases}`)
}

let releases = 1

/** The drain in force; `null` if there is none. */
async function drain(): Promise<unknown> {
  const { stdout } = await scene.run('status', '--json')
  return JSON.parse(stdout).drain
}

function shell(command: string): Promise<{ code: number | null; output: string }> {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: scene.folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (output += piece))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}
