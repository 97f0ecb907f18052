import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HerokuPlan } from '../../../src/heroku/plan.ts'
import { prepareCommand } from '../../../src/heroku/strategies/command.ts'
import type { Prepared } from '../../../src/heroku/target.ts'
import { DeployError } from '../../../src/outcome.ts'
import { appAnswer, formationAnswer, refusalAnswer, releasesAnswer } from '../support/answers.ts'
import { temporaryFolder } from '../support/repository.ts'
import { openScriptedApp, type ScriptedApp } from '../support/scripted-app.ts'
import { rejection } from '../support/world.ts'

const LIST = 'GET /apps/shop/releases'
const OLD = { version: 42, current: true }
/** For so long one request, and the output of a program that has ended, may take. */
const LIMITS_MS = [15_000, 5_000]

let app: ScriptedApp
let folder: ReturnType<typeof temporaryFolder>
beforeEach(async () => {
  app = await openScriptedApp((ms) => !LIMITS_MS.includes(ms))
  folder = temporaryFolder()
  app.server.script('/apps/shop', appAnswer())
  app.server.script('/apps/shop/formation', formationAnswer({ clock: 1 }))
  app.server.script('/apps/shop/dynos', { body: [] })
  app.server.script(LIST, releasesAnswer(OLD))
})
afterEach(async () => {
  await app[Symbol.asyncDispose]()
  await folder.remove()
})

function prepare(
  program: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Prepared> {
  const plan = { app: 'shop', apiKey: 'HRKU-5ecre7', directory: folder.path } as HerokuPlan
  const around = { ...app.around, env: { PATH: process.env.PATH, ...env } }
  return prepareCommand(plan, { kind: 'command', program, args }, app.api, around)
}

/** A script in the checkout, of which the command is `./release`. */
function script(text: string, mode = 0o755): string {
  const path = join(folder.path, 'release')
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, mode)
  return './release'
}

describe('a deploy command', () => {
  it('is run in the checkout, with its arguments as they are, and its release is followed', async () => {
    const target = await prepare(script('echo "in $(pwd): $2"; echo "building" >&2'), ['a', '$HOME; "b c"'])
    expect(target).toMatchObject({
      what: './release decides what is released',
      commit: '',
      upToDate: false,
      currentRelease: 'v42',
    })
    await target.publish(app.around.signal)
    expect(app.around.lines).toEqual(
      expect.arrayContaining(['Running ./release', `in ${folder.path}: $HOME; "b c"`, 'building']),
    )
    app.server.script(
      LIST,
      releasesAnswer({ version: 43, status: 'pending' }, OLD),
      releasesAnswer({ version: 43, status: 'pending' }, OLD),
      releasesAnswer({ version: 43, current: true }, { version: 42 }),
    )
    expect(await target.verify(app.around.signal)).toBe('v43')
  })

  it('may be a program on the PATH', async () => {
    await (await prepare('sh', ['-c', 'echo "from the path"'])).publish(app.around.signal)
    expect(app.around.lines).toContain('from the path')
  })

  it('has the environment of a step with run:, and the names by which Heroku knows token and app', async () => {
    const env = {
      ...{ KEPT: 'yes', GITHUB_TOKEN: 'theirs', HEROKU_APP: 'another', HEROKU_API_KEY: 'another' },
      ...{ 'INPUT_REDIS-URL': 'rediss://:pw@h', STATE_hold: 'x', GITHUB_STATE: '/tmp/state' },
      ...{ ACTIONS_RUNTIME_TOKEN: 't', ACTIONS_RESULTS_URL: 'u', ACTIONS_ID_TOKEN_REQUEST_URL: 'kept' },
    }
    const target = await prepare(script('env > env.txt; [ "$HEROKU_API_KEY" = HRKU-5ecre7 ]'), [], env)
    await target.publish(app.around.signal)
    const names = readFileSync(join(folder.path, 'env.txt'), 'utf8')
    expect(names).toMatch(/^KEPT=yes$/m)
    expect(names).toMatch(/^GITHUB_TOKEN=theirs$/m)
    expect(names).toMatch(/^ACTIONS_ID_TOKEN_REQUEST_URL=kept$/m)
    expect(names).toMatch(/^HEROKU_APP=shop$/m)
    expect(names).not.toMatch(/^(INPUT_|STATE_|GITHUB_STATE|ACTIONS_R)/m)
  })

  it('never shows the token', async () => {
    await (await prepare(script('echo "key: $HEROKU_API_KEY"'))).publish(app.around.signal)
    expect(app.around.lines).toContain('key: ***')
    expect(app.around.lines.join()).not.toContain('5ecre7')
  })
})

describe('a deploy command that can not be run is found out beforehand', () => {
  it.each<[string, () => string, RegExp]>([
    ['because it is not there', () => './nowhere', /there is no program \.\/nowhere\.$/],
    [
      'because it is on no PATH',
      () => 'no-such-program',
      /there is no program no-such-program on the PATH\.$/,
    ],
    ['because it is not executable', () => script('true', 0o644), /\.\/release is not executable/],
  ])('%s', async (_name, program, message) => {
    const error = await rejection(prepare(program()))
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/^The deploy command can't be run: /)
    expect(error.message).toMatch(message)
    expect(error.next).toMatch(/`command`.*`command-file`/)
    expect(app.server.requests).toEqual([])
  })
})

describe('a deploy command that fails', () => {
  it.each<[string, string, RegExp]>([
    [
      'with an exit code',
      'echo "no such image"; exit 3',
      /^The deploy command failed: \.\/release ended with 3\.$/,
    ],
    ['by a signal', 'kill -9 $$', /^The deploy command failed: \.\/release was ended by SIGKILL\.$/],
  ])('%s says so', async (_name, text, message) => {
    const error = await rejection((await prepare(script(text))).publish(app.around.signal))
    expect(error).toMatchObject({ outcome: 'command-failed' })
    expect(error.message).toMatch(message)
    expect(error.next).toContain('`heroku releases --app shop`')
  })

  it('because it was taken away meanwhile says so', async () => {
    const target = await prepare(script('true'))
    await folder.remove()
    folder = temporaryFolder()
    const error = await rejection(target.publish(app.around.signal))
    expect(error).toMatchObject({ outcome: 'command-failed' })
  })

  it('by its release is a failed release', async () => {
    const target = await prepare(script('true'))
    app.server.script(LIST, releasesAnswer({ version: 43, status: 'failed' }, OLD))
    const error = await rejection(target.verify(app.around.signal))
    expect(error).toMatchObject({ outcome: 'release-failed' })
    expect(error.message).toBe(
      './release succeeded, but its release v43 failed. The release that was current before, v42, is still running.',
    )
  })
})

it('is ended with the reason of the signal', async () => {
  const target = await prepare(script('echo "at work"; exec sleep 600'))
  const ended = rejection(target.publish(app.around.signal))
  await app.around.logged(/^at work$/)
  const reason = new DeployError('cancelled', 'The job was cancelled.', 'Run it again.')
  app.around.abort(reason)
  expect(await ended).toBe(reason)
})

describe('a command that makes no release', () => {
  it('has not deployed, which is said after some seconds', async () => {
    const target = await prepare(script('true'))
    expect(await target.verify(app.around.signal)).toBeUndefined()
    expect(app.around.warnings).toEqual([
      './release ended well, and shop has no new release 10 s later: nothing seems to have changed',
    ])
    expect(app.time.now()).toBe(10_000)
  })

  it('is told from one whose release shows late', async () => {
    const target = await prepare(script('true'))
    const none = releasesAnswer(OLD)
    app.server.script(LIST, none, none, none, releasesAnswer({ version: 43, current: true }, { version: 42 }))
    expect(await target.verify(app.around.signal)).toBe('v43')
    expect(app.around.warnings).toEqual([])
  })

  it('is told from one of which the API does not tell at first', async () => {
    const target = await prepare(script('true'))
    const away = Array.from({ length: 10 }, () => ({ status: 503 }))
    app.server.script(LIST, ...away, releasesAnswer({ version: 43, current: true }, { version: 42 }))
    expect(await target.verify(app.around.signal)).toBe('v43')
    expect(app.around.warnings).toEqual([
      expect.stringMatching(/503.* A release of \.\/release is still looked for$/),
      expect.stringMatching(/503/),
    ])
  })

  it.each([
    ['is silent for five minutes', { status: 503 }, 503, 300_000],
    ['refuses', refusalAnswer(401, 'unauthorized', 'Invalid credentials provided.'), 401, 0],
  ])('is not known of when the API %s', async (_name, answer, status, waitedMs) => {
    const target = await prepare(script('true'))
    app.server.script(LIST, answer)
    const error = await rejection(target.verify(app.around.signal))
    expect(error).toMatchObject({ outcome: 'failed', cause: { status } })
    expect(app.time.now()).toBeGreaterThanOrEqual(waitedMs)
    expect(app.time.now()).toBeLessThan(waitedMs + 30_000)
    expect(error.message).toMatch(
      /^\.\/release ended well, but whether shop has a new release can't be found out: /,
    )
    expect(error.next).toMatch(/^Look at `heroku releases --app shop`: the app may run it already\./)
  })
})
