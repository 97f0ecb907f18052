import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rollBack } from '../../src/heroku/roll-back.ts'
import type { Standing } from '../../src/heroku/target.ts'
import { refusalAnswer, releaseAnswer, releasesAnswer, type ScriptedRelease } from './support/answers.ts'
import type { Answer } from './support/api-server.ts'
import { openScriptedApp, type ScriptedApp } from './support/scripted-app.ts'
import { rejection } from './support/world.ts'

const LIST = 'GET /apps/shop/releases'
const OLD: ScriptedRelease = { version: 42 }
const BROKEN: ScriptedRelease = { version: 43, current: true }
const BACK: ScriptedRelease = { version: 44, slug: 'slug-42', description: 'Rollback to v42' }
const done = releasesAnswer({ ...BACK, current: true }, { version: 43 }, OLD)

let app: ScriptedApp
beforeEach(async () => {
  app = await openScriptedApp()
})
afterEach(() => app[Symbol.asyncDispose]())

/** Takes v43 back, of which the API tells `answers`, one a look. */
function takingBack(
  answers: readonly Answer[],
  { made = releaseAnswer(BACK, 201), before = app.standing }: { made?: Answer; before?: Standing } = {},
): Promise<string> {
  app.server.script(LIST, ...answers)
  app.server.script('POST /apps/shop/releases', made)
  return rollBack(before, 'v43', app.around)
}

it('goes back to the release by its id, and waits until that is current', async () => {
  const pending = releasesAnswer({ ...BACK, status: 'pending' }, BROKEN, OLD)
  expect(await takingBack([releasesAnswer(BROKEN, OLD), pending, pending, done])).toBe('v44')
  expect(app.sent()).toEqual([['/apps/shop/releases', { release: 'release-42' }]])
  expect(app.around.lines).toEqual([
    'v44 of shop is made: Rollback to v42',
    'Release v44 of the rollback to v42: pending',
    'Release v44 of the rollback to v42: succeeded',
  ])
})

it('is followed by its id, whatever comes after it', async () => {
  const set: ScriptedRelease = { version: 45, slug: 'slug-42', description: 'Set A config vars' }
  const answers = [
    releasesAnswer(BROKEN, OLD),
    releasesAnswer({ ...set, status: 'pending' }, { ...BACK, current: true }, { version: 43 }, OLD),
  ]
  expect(await takingBack(answers)).toBe('v44')
})

it('goes back to a container image, which has no slug', async () => {
  const { currentSlug: _, ...before } = app.standing
  const none = { slug: null }
  const back = { ...BACK, ...none }
  const answers = [
    releasesAnswer({ ...BROKEN, ...none }, { ...OLD, ...none }),
    releasesAnswer({ ...back, current: true }, { ...BROKEN, ...none, current: false }),
  ]
  expect(await takingBack(answers, { before, made: releaseAnswer(back, 201) })).toBe('v44')
  expect(app.sent()).toEqual([['/apps/shop/releases', { release: 'release-42' }]])
})

it('can not go back to nothing', async () => {
  const { currentRelease: _, currentReleaseId: __, ...before } = app.standing
  const error = await rejection(takingBack([releasesAnswer(BROKEN)], { before }))
  expect(error).toMatchObject({ outcome: 'failed' })
  expect(error.message).toBe('shop ran no release before, so there is nothing to go back to.')
  expect(app.server.requests).toEqual([])
})

it('says what still runs when its own release phase fails', async () => {
  const failed = releasesAnswer({ ...BACK, status: 'failed' }, BROKEN, OLD)
  const error = await rejection(takingBack([releasesAnswer(BROKEN, OLD), failed]))
  expect(error).toMatchObject({ outcome: 'release-failed' })
  expect(error.message).toBe(
    'The request to go back to v42 succeeded, but its release v44 failed. The release that was current before, v43, is still running.',
  )
})

it('says what Heroku refuses', async () => {
  const made = refusalAnswer(422, 'invalid_params', 'Cannot roll back.')
  const error = await rejection(takingBack([releasesAnswer(BROKEN, OLD)], { made }))
  expect(error.message).toMatch(/Cannot roll back\./)
  expect(app.sent()).toHaveLength(1)
})

it('whose answer is lost is found, and made once, also when somebody else sets config vars meanwhile', async () => {
  const theirs = { version: 44, slug: 'slug-43', description: 'Set A config vars' }
  const back = { ...BACK, version: 45 }
  const answers = [
    releasesAnswer(BROKEN, OLD),
    releasesAnswer(theirs, BROKEN, OLD),
    releasesAnswer(back, theirs, BROKEN, OLD),
    releasesAnswer({ ...back, current: true }, theirs, { version: 43 }, OLD),
  ]
  expect(await takingBack(answers, { made: { instead: 'drop' } })).toBe('v45')
  expect(app.sent()).toHaveLength(1)
})

describe('a newer release than the one that is taken back', () => {
  it('of something else is left as it is', async () => {
    const theirs = { version: 44, current: true, slug: 'slug-44', description: 'Deploy 1a2b3c4d' }
    const error = await rejection(takingBack([releasesAnswer(theirs, { version: 43 }, OLD)]))
    expect(error).toMatchObject({ outcome: 'busy' })
    expect(error.message).toBe(
      'Somebody else has released v44 (Deploy 1a2b3c4d) since, and that is left as it is.',
    )
    expect(app.sent()).toEqual([])
  })

  it('of the same, with other config vars, goes back as well, and that is said', async () => {
    const set = { version: 44, current: true, slug: 'slug-43', description: 'Set A config vars' }
    const back = { ...BACK, version: 45 }
    const answers = [
      releasesAnswer(set, { version: 43 }, OLD),
      releasesAnswer({ ...back, current: true }, { ...set, current: false }, { version: 43 }),
    ]
    expect(await takingBack(answers, { made: releaseAnswer(back, 201) })).toBe('v45')
    expect(app.around.warnings).toEqual([
      'v44 (Set A config vars) has come after v43: what it changed goes back as well',
    ])
  })

  it('that is not current is no reason to stay', async () => {
    const failed: ScriptedRelease = { version: 44, status: 'failed', slug: 'slug-44' }
    const back = { ...BACK, version: 45 }
    const answers = [
      releasesAnswer(failed, BROKEN, OLD),
      releasesAnswer({ ...back, current: true }, failed, { version: 43 }, OLD),
    ]
    expect(await takingBack(answers, { made: releaseAnswer(back, 201) })).toBe('v45')
    expect(app.around.warnings).toEqual([])
  })
})
