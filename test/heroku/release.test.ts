import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Making, release } from '../../src/heroku/release.ts'
import { DeployError } from '../../src/outcome.ts'
import { refusalAnswer, releaseAnswer, releasesAnswer } from './support/answers.ts'
import type { Answer } from './support/api-server.ts'
import { openScriptedApp, type ScriptedApp } from './support/scripted-app.ts'
import { rejection } from './support/world.ts'

const LIST = 'GET /apps/shop/releases'
const MAKE = 'POST /apps/shop/releases'
const OLD = { version: 42, current: true }
const OURS = { version: 43, slug: 'slug-7', description: 'Deploy slug slug-7' }

let app: ScriptedApp
beforeEach(async () => {
  app = await openScriptedApp()
})
afterEach(() => app[Symbol.asyncDispose]())

/** Makes OURS, for which the API answers `answer`. */
function making(answer: Answer, over: Partial<Making> = {}): Promise<string> {
  app.server.script(MAKE, answer)
  const { api, around } = app
  const wanted: Making = {
    description: OURS.description,
    newestVersion: 42,
    isOurs: ({ description }) => description === OURS.description,
    make: () => api.makeRelease('slug-7', OURS.description, around.signal),
    ...over,
  }
  return release(api, wanted, around)
}

const posts = () => app.sent().length

it('is made once, and told', async () => {
  expect(await making(releaseAnswer(OURS, 201))).toBe('release-43')
  expect(app.sent()).toEqual([['/apps/shop/releases', { slug: 'slug-7', description: 'Deploy slug slug-7' }]])
  expect(app.around.lines).toEqual(['v43 of shop is made: Deploy slug slug-7'])
})

it('that Heroku refuses is no release, and is not looked for', async () => {
  const error = await rejection(making(refusalAnswer(422, 'invalid_params', 'Unable to find slug.')))
  expect(error).toMatchObject({ outcome: 'push-failed', cause: { status: 422 } })
  expect(error.message).toContain('Unable to find slug.')
  expect(app.server.requests).toHaveLength(1)
})

describe('a release whose answer is lost', () => {
  it.each<[string, Answer]>([
    ['breaks off', { instead: 'drop' }],
    ['is a 503', { status: 503 }],
    ['is none of Heroku', { raw: '<html>' }],
  ])('because it %s is found, and made once', async (_name, answer) => {
    app.server.script(LIST, releasesAnswer(OLD), releasesAnswer(OURS, OLD))
    expect(await making(answer)).toBe('release-43')
    expect(posts()).toBe(1)
    expect(app.around.warnings).toEqual([expect.stringMatching(/not known|not one of Heroku's.* Looking/)])
    expect(app.around.lines.at(-1)).toBe('v43 of shop is there: Deploy slug slug-7')
  })

  it('is told from what somebody else releases, and from what was there before', async () => {
    const theirs = { version: 43, slug: 'slug-7', description: 'Set A config vars', current: true }
    app.server.script(
      LIST,
      releasesAnswer({ ...OURS, version: 42 }),
      releasesAnswer(theirs, { version: 42 }),
      releasesAnswer({ ...OURS, version: 44 }, theirs, { version: 42 }),
    )
    expect(await making({ status: 503 })).toBe('release-44')
  })

  it('is the first of those that look like it', async () => {
    app.server.script(LIST, releasesAnswer({ ...OURS, version: 44 }, OURS, OLD))
    expect(await making({ status: 503 })).toBe('release-43')
  })

  it('is looked for as long as the API is away itself', async () => {
    const away = Array.from({ length: 10 }, () => ({ status: 503 }))
    app.server.script(LIST, ...away, releasesAnswer(OURS, OLD))
    expect(await making({ status: 503 })).toBe('release-43')
  })

  it('is given up after a minute without a sign', async () => {
    app.server.script(LIST, releasesAnswer(OLD))
    const error = await rejection(making({ status: 503 }))
    expect(error).toMatchObject({ outcome: 'push-failed' })
    expect(error.message).toMatch(
      /whether it did what it was asked \(make a release of shop\) is not known\.$/,
    )
    expect(error.next).toContain('`heroku releases --app shop`')
    expect(app.around.warnings.at(-1)).toBe('No sign of it after 1 min')
    expect(posts()).toBe(1)
  })

  it('is given up at once when nobody tells', async () => {
    app.server.script(LIST, refusalAnswer(401, 'unauthorized', 'Invalid credentials provided.'))
    const error = await rejection(making({ status: 503 }))
    expect(error).toMatchObject({ outcome: 'push-failed', cause: { status: 503 } })
    expect(app.around.warnings.at(-1)).toMatch(/does not accept the token/)
    expect(app.time.now()).toBe(0)
  })

  it('is not looked for any more when the deploy is cancelled, which is what it rejects with', async () => {
    app.server.script(LIST, { instead: 'silence' })
    const ended = rejection(making({ status: 503 }))
    await app.server.asked('/apps/shop/releases', 2)
    const reason = new DeployError('cancelled', 'The job was cancelled.', 'Run it again.')
    app.around.abort(reason)
    expect(await ended).toBe(reason)
  })
})

it('leaves an error of another kind as it is', async () => {
  const broken = new TypeError('x is not a function')
  expect(await rejection(making({}, { make: () => Promise.reject(broken) }))).toBe(broken)
})
