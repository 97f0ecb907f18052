import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPlatformApi, type PlatformApi } from '../../src/heroku/platform-api.ts'
import { assertRunning } from '../../src/heroku/up-to-date.ts'
import { releasesAnswer, type ScriptedRelease, slugAnswer } from './support/answers.ts'
import { type ApiServer, startApiServer } from './support/api-server.ts'
import { surroundings } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

const COMMIT = '752f176e6c67becb8e554567bb513abd869039df'
const OLD = '63e3eec1c67becb8e554567bb513abd8690aaaaa'
const { signal, ...around } = surroundings()

let server: ApiServer
let api: PlatformApi
beforeEach(async () => {
  server = await startApiServer()
  api = createPlatformApi({ app: 'shop', apiUrl: server.url, apiKey: 'HRKU-5ecre7' }, around)
  server.script('/apps/shop/slugs/new', slugAnswer(COMMIT))
  server.script('/apps/shop/slugs/old', slugAnswer(OLD))
  server.script('/apps/shop/slugs/silent', slugAnswer(null))
})
afterEach(() => server.close())

/** Is COMMIT what runs, with these releases, newest first? */
async function running(...releases: readonly ScriptedRelease[]): Promise<void> {
  server.script('/apps/shop/releases', releasesAnswer(...releases))
  await assertRunning(api, await api.releases(25, signal), COMMIT, signal)
}

describe('a commit runs', () => {
  it.each<[string, ...ScriptedRelease[]]>([
    [
      'as the slug of what is current',
      { version: 43, current: true, slug: 'new' },
      { version: 42, slug: 'old' },
    ],
    [
      'after a change of config vars',
      { version: 44, current: true, slug: 'new', description: 'Set A config vars' },
      { version: 43, slug: 'new' },
    ],
    [
      'after a release phase that was run again',
      { version: 44, current: true, slug: 'new', description: 'Retry of v43' },
      { version: 43, slug: 'new', status: 'failed' },
    ],
    [
      'after a rollback to it',
      { version: 44, current: true, slug: 'new', description: 'Rollback to v42' },
      { version: 43, slug: 'old' },
      { version: 42, slug: 'new' },
    ],
    [
      'by the description, when Heroku does not know the commit of the slug',
      { version: 43, current: true, slug: 'silent', description: 'Deploy 752f176e' },
    ],
    [
      'as far as can be told of a container image',
      { version: 43, current: true, slug: null, description: 'Deployed web' },
    ],
    ['as far as can be told of an app without a current release', { version: 43, slug: 'new' }],
    ['as far as can be told of an app without a release'],
    [
      'as far as can be told, when what is current is newer and unknown',
      { version: 44, current: true, slug: null, description: 'Set A config vars' },
      { version: 43, status: 'failed', slug: 'new' },
    ],
  ])('%s', async (_name, ...releases) => {
    await running(...releases)
  })
})

describe('a commit does not run', () => {
  it.each<[string, string, RegExp, RegExp, ...ScriptedRelease[]]>([
    [
      'because its release failed',
      'release-failed',
      /its release v43 failed; v42 is still what runs\.$/,
      /releases:output v43 --app shop.*releases:retry --app shop/,
      { version: 43, status: 'failed', slug: 'new' },
      { version: 42, current: true, slug: 'old' },
    ],
    [
      'because its release failed, although config vars were changed after that',
      'release-failed',
      /its release v43 failed; v44 is still what runs\.$/,
      /releases:retry --app shop/,
      { version: 44, current: true, slug: 'old', description: 'Set A config vars' },
      { version: 43, status: 'failed', slug: 'new' },
      { version: 42, slug: 'old' },
    ],
    [
      'because its first release failed, and none is current',
      'release-failed',
      /its release v1 failed; no release is current\.$/,
      /releases:output v1/,
      { version: 1, status: 'failed', slug: 'new' },
    ],
    [
      'yet, because it is in its release phase',
      'preflight-failed',
      /does not run it yet: its release v43 is still in its release phase; v42 is still what runs\.$/,
      /releases:output v43 --app shop.*run this job again/,
      { version: 43, status: 'pending', slug: 'new' },
      { version: 42, current: true, slug: 'old' },
    ],
    [
      'because the app was rolled back',
      'preflight-failed',
      /v44 is still what runs, and it is another commit \(Rollback to v42\)\.$/,
      /heroku rollback <version> --app shop/,
      { version: 44, current: true, slug: 'old', description: 'Rollback to v42' },
      { version: 43, slug: 'new' },
      { version: 42, slug: 'old' },
    ],
    [
      'because the app was rolled back, although its release had failed at first',
      'preflight-failed',
      /v45 is still what runs, and it is another commit \(Rollback to v42\)\.$/,
      /heroku rollback/,
      { version: 45, current: true, slug: 'old', description: 'Rollback to v42' },
      { version: 44, slug: 'new', description: 'Retry of v43' },
      { version: 43, status: 'failed', slug: 'new' },
      { version: 42, slug: 'old' },
    ],
    [
      'and nothing tells why',
      'preflight-failed',
      /v42 is still what runs, and it is another commit \(Deploy\)\.$/,
      /rolled back/,
      { version: 42, current: true, slug: 'old' },
    ],
  ])('%s', async (_name, outcome, message, next, ...releases) => {
    const error = await rejection(running(...releases))
    expect(error).toMatchObject({ outcome })
    expect(error.message).toMatch(/^Heroku's git already has 752f176e, so there is nothing to push/)
    expect(error.message).toMatch(message)
    expect(error.next).toMatch(next)
  })
})
