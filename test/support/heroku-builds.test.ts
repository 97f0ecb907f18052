import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openScene, type Scene } from './heroku/scene.ts'

/** A safety net only: everything waits for events. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
  await scene.deploy({ Procfile: 'clock: sleep 60\n' })
})
afterEach(() => scene[Symbol.asyncDispose]())

it('shows a build that somebody else has started, until it ends', async () => {
  const builds = async () => (await scene.get('/apps/shop/builds')).body
  const foreign = scene.app.builds.startForeign('1a2b3c4d'.repeat(5))
  expect(await builds()).toMatchObject([
    { status: 'succeeded' },
    { id: foreign.id, status: 'pending', source_blob: { version: '1a2b3c4d'.repeat(5) }, slug: null },
  ])
  await scene.deploy({})
  foreign.end('failed')
  expect(await builds()).toMatchObject([{}, { id: foreign.id, status: 'failed' }, { status: 'succeeded' }])
  expect(scene.app.releases.all.map(({ version }) => version)).toEqual([1, 2])
})
