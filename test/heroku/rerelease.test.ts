import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Release } from '../../src/heroku/platform-api.ts'
import { rerelease, slugOf } from '../../src/heroku/rerelease.ts'
import {
  refusalAnswer,
  releaseAnswer,
  releasesAnswer,
  type ScriptedRelease,
  slugAnswer,
} from './support/answers.ts'
import { openScriptedApp, type ScriptedApp } from './support/scripted-app.ts'
import { rejection } from './support/world.ts'

const COMMIT = '752f176e6c67becb8e554567bb513abd869039df'
const OTHER = '63e3eec1c67becb8e554567bb513abd8690aaaaa'

let app: ScriptedApp
beforeEach(async () => {
  app = await openScriptedApp()
  app.server.script('/apps/shop/slugs/ours', slugAnswer(COMMIT))
  app.server.script('/apps/shop/slugs/again', slugAnswer(COMMIT))
  app.server.script('/apps/shop/slugs/other', slugAnswer(OTHER))
  app.server.script('/apps/shop/slugs/silent', slugAnswer(null))
  app.server.script('/apps/shop/builds', { body: [] })
})
afterEach(() => app[Symbol.asyncDispose]())

describe('the slug of a commit', () => {
  /** of COMMIT, among `shown`, newest first */
  async function found(...shown: readonly ScriptedRelease[]): Promise<string> {
    const { api, server, around } = app
    server.script('/apps/shop/releases', releasesAnswer(...shown))
    const releases: readonly Release[] = await api.releases(25, around.signal)
    return await slugOf(COMMIT, api, { releases }, around.signal)
  }
  const build = (id: string, version: string, slug: string | null, created_at: string) => ({
    ...{ id, created_at, status: slug === null ? 'failed' : 'succeeded' },
    ...{ source_blob: { version }, slug: slug === null ? null : { id: slug } },
  })

  it.each<[string, ...ScriptedRelease[]]>([
    [
      'that of its newest release',
      { version: 44, slug: 'ours' },
      { version: 43, slug: 'again' },
      { version: 42, slug: 'other', current: true },
    ],
    [
      'that of a release that failed',
      { version: 43, slug: 'ours', status: 'failed' },
      { version: 42, slug: 'other', current: true },
    ],
    [
      'the one that runs, rather than a newer one',
      { version: 44, slug: 'again', status: 'failed' },
      { version: 43, slug: 'ours', current: true },
    ],
  ])('is %s', async (_name, ...shown) => {
    expect(await found(...shown)).toBe('ours')
  })

  it('is known by the description of a release where Heroku does not tell the commit of the slug', async () => {
    const told = { version: 43, slug: 'silent', description: 'Deploy 752f176e' }
    expect(await found({ version: 44, slug: 'silent', description: 'Set A config vars' }, told)).toBe(
      'silent',
    )
  })

  it('is that of its newest build, if it was never released', async () => {
    app.server.script('/apps/shop/builds', {
      body: [
        build('b1', COMMIT, 'first', '2026-01-01T00:00:00Z'),
        build('b4', OTHER, 'theirs', '2026-01-04T00:00:00Z'),
        build('b3', COMMIT, null, '2026-01-03T00:00:00Z'),
        build('b2', COMMIT, 'second', '2026-01-02T00:00:00Z'),
      ],
    })
    expect(await found({ version: 42, slug: 'other', current: true })).toBe('second')
  })

  it('is not there when it was never built, or its slug is gone', async () => {
    const gone = { version: 41, slug: 'gone', description: 'Rollback to v2' }
    const error = await rejection(found({ version: 42, slug: 'other', current: true }, gone))
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/^shop has no slug of 752f176e that could be released/)
    expect(error.next).toMatch(/`strategy: git-push`.*`slug: v41`.*`heroku releases --app shop`/)
  })
})

describe('a slug that is released again', () => {
  const prepared = (commit = COMMIT) => {
    const { standing, around } = app
    return rerelease({ ...standing, what: 'HEAD is 752f176e', commit, upToDate: true }, 'ours', around)
  }
  const OURS = { version: 43, slug: 'ours', description: 'Deploy 752f176e' }

  it('runs when the release that was made of it is current', async () => {
    const target = prepared()
    app.server.script('POST /apps/shop/releases', releaseAnswer({ ...OURS, status: 'pending' }, 201))
    app.server.script(
      'GET /apps/shop/releases',
      releasesAnswer({ ...OURS, status: 'pending' }, { version: 42, current: true }),
      releasesAnswer({ ...OURS, current: true }, { version: 42 }),
    )
    await target.publish(app.around.signal)
    expect(await target.verify(app.around.signal)).toBe('v43')
    expect(app.sent()).toEqual([['/apps/shop/releases', { slug: 'ours', description: 'Deploy 752f176e' }]])
  })

  it('is named by its id where nobody knows its commit', async () => {
    app.server.script('POST /apps/shop/releases', releaseAnswer(OURS, 201))
    await prepared('').publish(app.around.signal)
    expect(app.sent()).toEqual([['/apps/shop/releases', { slug: 'ours', description: 'Deploy slug ours' }]])
  })

  it('is not taken for what somebody else makes of the same slug', async () => {
    const target = prepared()
    const theirs = { version: 43, slug: 'ours', description: 'Set A config vars', current: true }
    app.server.script('POST /apps/shop/releases', { instead: 'drop' })
    app.server.script(
      'GET /apps/shop/releases',
      releasesAnswer(theirs, { version: 42 }),
      releasesAnswer({ ...OURS, version: 44, current: true }, { ...theirs, current: false }),
    )
    await target.publish(app.around.signal)
    expect(await target.verify(app.around.signal)).toBe('v44')
    expect(app.sent()).toHaveLength(1)
  })

  it('is no success when its release phase fails: what still runs is said', async () => {
    const target = prepared()
    app.server.script('POST /apps/shop/releases', releaseAnswer(OURS, 201))
    app.server.script(
      'GET /apps/shop/releases',
      releasesAnswer({ ...OURS, status: 'failed' }, { version: 42, current: true }),
    )
    await target.publish(app.around.signal)
    const error = await rejection(target.verify(app.around.signal))
    expect(error).toMatchObject({ outcome: 'release-failed' })
    expect(error.message).toBe(
      'The request to release 752f176e succeeded, but its release v43 failed. The release that was current before, v42, is still running.',
    )
  })

  it("is refused in Heroku's own words", async () => {
    app.server.script('POST /apps/shop/releases', refusalAnswer(422, 'invalid_params', 'Slug is too large.'))
    const error = await rejection(prepared().publish(app.around.signal))
    expect(error).toMatchObject({ outcome: 'push-failed' })
    expect(error.message).toContain('Slug is too large.')
  })
})
