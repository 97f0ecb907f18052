import { afterEach, beforeEach, expect, it } from 'vitest'
import { readStanding } from '../../src/heroku/standing.ts'
import { appAnswer, dynoBody, formationAnswer, refusalAnswer, releasesAnswer } from './support/answers.ts'
import { openScriptedApp, type ScriptedApp } from './support/scripted-app.ts'
import { rejection } from './support/world.ts'

let app: ScriptedApp
beforeEach(async () => {
  app = await openScriptedApp()
  const { server } = app
  server.script('/apps/shop', appAnswer())
  server.script(
    '/apps/shop/releases',
    releasesAnswer({ version: 43, status: 'failed' }, { version: 42, current: true }),
  )
  server.script('/apps/shop/formation', formationAnswer({ clock: 1, worker: 0 }))
  server.script('/apps/shop/dynos', { body: [dynoBody('clock.1')] })
})
afterEach(() => app[Symbol.asyncDispose]())

const read = () => readStanding(app.api, app.around)

it('is what runs, of which slug, since when others were tried, and on which dynos', async () => {
  const { releases, api, ...standing } = await read()
  expect(api).toBe(app.api)
  expect(releases.map(({ version }) => version)).toEqual([43, 42])
  expect(standing).toEqual({
    app: 'shop',
    appId: '01234567-89ab-cdef-0123-456789abcdef',
    webUrl: 'https://shop-1a2b3c4d5e6f.herokuapp.com/',
    currentRelease: 'v42',
    currentReleaseId: 'release-42',
    currentSlug: 'slug-42',
    newestVersion: 43,
    formation: [
      { type: 'clock', quantity: 1, command: 'run clock' },
      { type: 'worker', quantity: 0, command: 'run worker' },
    ],
    dynos: [{ id: 'id-clock.1', name: 'clock.1', type: 'clock', state: 'up', version: 42 }],
  })
  expect(app.around.lines).toEqual([])
})

it('of an app of container images has no slug, and of a new one nothing at all', async () => {
  app.server.script('/apps/shop/releases', releasesAnswer({ version: 42, current: true, slug: null }))
  const image = await read()
  expect(image).toMatchObject({ currentRelease: 'v42', currentReleaseId: 'release-42' })
  expect(image).not.toHaveProperty('currentSlug')
  app.server.script('/apps/shop/releases', releasesAnswer())
  const fresh = await read()
  expect(fresh.newestVersion).toBe(0)
  for (const name of ['currentRelease', 'currentReleaseId', 'currentSlug']) {
    expect(fresh).not.toHaveProperty(name)
  }
})

it.each(['formation', 'dynos'])(
  'can do without the %s when the token may not read them, and says so',
  async (what) => {
    app.server.script(`/apps/shop/${what}`, refusalAnswer(403, 'forbidden', 'No.'))
    const standing = await read()
    expect(standing).not.toHaveProperty(what)
    expect(standing.currentRelease).toBe('v42')
    expect(app.around.lines).toEqual([
      'The token may not read the dynos of shop: who must take part is what `processes` says alone',
    ])
  },
)

it.each(['', '/releases', '/formation', '/dynos'])('can not do without an answer to %j', async (path) => {
  app.server.script(`/apps/shop${path}`, refusalAnswer(404, 'not_found', "Couldn't find that app."))
  expect(await rejection(read())).toMatchObject({ outcome: 'preflight-failed', status: 404 })
})

it.each(['', '/releases'])('can not do without a token that may read %j', async (path) => {
  app.server.script(`/apps/shop${path}`, refusalAnswer(403, 'forbidden', 'No.'))
  expect(await rejection(read())).toMatchObject({ status: 403 })
})
