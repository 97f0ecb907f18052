import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openScene, type Scene } from './heroku/scene.ts'

/** A safety net only: everything waits for events. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene({ configVars: { COLOUR: 'blue' } })
  await scene.deploy({ Procfile: 'clock: sleep 60\n' })
  scene.app.configVars.set('COLOUR', 'red')
  await scene.deploy({ Procfile: 'clock: sleep 61\n' })
})
afterEach(() => scene[Symbol.asyncDispose]())

it('are found by id, version and name, with the config vars of their time', async () => {
  for (const identity of [scene.app.releases.all[0]?.id, '1', 'v1']) {
    expect(await scene.get(`/apps/shop/releases/${identity}`)).toMatchObject({ body: { version: 1 } })
    expect(await scene.get(`/apps/shop/releases/${identity}/config-vars`)).toEqual({
      status: 200,
      body: { COLOUR: 'blue' },
    })
  }
  expect((await scene.get('/apps/shop/releases/3/config-vars')).status).toBe(404)
})

it('are not made of what is no JSON', async () => {
  const answer = await fetch(`${scene.heroku.apiUrl}/apps/shop/releases`, {
    method: 'POST',
    headers: {
      Accept: 'application/vnd.heroku+json; version=3',
      Authorization: `Bearer ${scene.heroku.apiKey}`,
    },
    body: 'slug=1',
  })
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ id: 'bad_request' })
})

it('can be gone back to, with their config vars, or released again by their slug, without', async () => {
  const slug = scene.app.releases.all[0]?.slug?.id
  expect((await scene.post('/apps/shop/releases', { slug })).status).toBe(201)
  expect(scene.app.configVars.get('COLOUR')).toBe('red')
  const release = scene.app.releases.all[0]?.id
  expect(await scene.post('/apps/shop/releases', { release })).toMatchObject({
    status: 201,
    body: { version: 4, description: 'Rollback to v1', slug: { id: slug } },
  })
  expect(scene.app.dynos.current).toMatchObject([{ command: 'sleep 60', version: 4 }])
  expect(scene.app.configVars.get('COLOUR')).toBe('blue')
  expect(await scene.post('/apps/shop/releases', { release: 'v9' })).toMatchObject({
    status: 404,
    body: { resource: 'release' },
  })
})
