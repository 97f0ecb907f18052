import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { LocalApp } from './heroku/app.ts'
import type { Pipeline } from './heroku/pipelines.ts'
import { openScene, type Scene } from './heroku/scene.ts'

/** A safety net only: everything waits for events. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let scene: Scene
let staging: LocalApp
let pipeline: Pipeline

/** `shop` is the production to a staging. */
beforeEach(async () => {
  scene = await openScene()
  staging = scene.heroku.createApp('shop-staging')
  pipeline = scene.heroku.createPipeline('store', { staging: [staging], production: [scene.app] })
})
afterEach(() => scene[Symbol.asyncDispose]())

const order = (source: LocalApp, ...targets: LocalApp[]) => ({
  pipeline: { id: pipeline.id },
  source: { app: { id: source.id } },
  targets: targets.map(({ id }) => ({ app: { id } })),
})

/** @returns the promotion's id */
async function promote(): Promise<string> {
  const { status, body } = await scene.post('/pipeline-promotions', order(staging, scene.app))
  expect(status).toBe(201)
  return (body as { id: string }).id
}

const targets = async (id: string) =>
  (await scene.get(`/pipeline-promotions/${id}/promotion-targets`)).body as { status: string }[]

it('tells the pipeline and the stage of an app, by its name and by its id', async () => {
  for (const identity of ['shop-staging', staging.id]) {
    expect(await scene.get(`/apps/${identity}/pipeline-couplings`)).toMatchObject({
      status: 200,
      body: { app: { id: staging.id }, pipeline: { id: pipeline.id }, stage: 'staging' },
    })
  }
  scene.heroku.createApp('alone')
  expect(await scene.get('/apps/alone/pipeline-couplings')).toMatchObject({
    status: 404,
    body: { id: 'not_found' },
  })
})

it('promotes what runs at the source, without a build', async () => {
  await scene.deploy({ Procfile: 'clock: sleep 60\n' }, staging)
  const commit = await scene.deploy({ Procfile: 'clock: sleep 61\n' }, staging)
  const id = await promote()
  const { body } = await scene.get('/apps/shop/releases/1')
  expect(body).toMatchObject({
    status: 'succeeded',
    current: true,
    description: `Promote shop-staging v2 ${commit.slice(0, 8)}`,
    slug: { id: staging.releases.current?.slug?.id },
    output_stream_url: null,
  })
  expect(await targets(id)).toMatchObject([
    {
      app: { id: scene.app.id },
      status: 'succeeded',
      release: { id: scene.app.releases.current?.id },
      error_message: null,
    },
  ])
  expect((await scene.get(`/pipeline-promotions/${id}`)).body).toMatchObject({
    status: 'completed',
    source: { app: { id: staging.id } },
  })
  expect(scene.app.builds.all).toEqual([])
  expect(scene.app.dynos.current).toMatchObject([{ name: 'clock.1', command: 'sleep 61' }])
})

it('runs a release phase in the target, and is pending until it has ended', async () => {
  await scene.deploy({ Procfile: 'clock: sleep 60\nrelease: echo migrating $HEROKU_APP_NAME\n' }, staging)
  scene.app.nextReleasePhase({ hold: true })
  const id = await promote()
  expect(await targets(id)).toMatchObject([{ status: 'pending', error_message: null }])
  expect((await scene.get(`/pipeline-promotions/${id}`)).body).toMatchObject({ status: 'pending' })
  expect(scene.app.dynos.current).toEqual([])
  scene.app.releaseReleasePhase()
  await scene.heroku.log.waitFor(({ app, kind }) => app === 'shop' && kind === 'dyno-up')
  expect(await targets(id)).toMatchObject([{ status: 'succeeded' }])
  const { body } = await scene.get('/apps/shop/releases/1')
  const output = await fetch((body as { output_stream_url: string }).output_stream_url)
  expect(await output.text()).toBe('migrating shop\n')
})

it('fails with the release phase of the target', async () => {
  await scene.deploy({ Procfile: 'clock: sleep 60\n' }, staging)
  scene.app.nextReleasePhase({ fail: true })
  const id = await promote()
  await scene.heroku.log.waitFor(({ app, status }) => app === 'shop' && status === 'failed')
  expect(await targets(id)).toMatchObject([{ status: 'failed', error_message: 'release command failed' }])
})

it('lets the target go back to a slug that was promoted to it', async () => {
  await scene.deploy({ Procfile: 'clock: sleep 60\n' }, staging)
  await promote()
  const slug = scene.app.releases.current?.slug?.id
  await scene.deploy({ Procfile: 'clock: sleep 61\n' })
  expect((await scene.get(`/apps/shop/slugs/${slug}`)).status).toBe(200)
  expect((await scene.post('/apps/shop/releases', { slug })).body).toMatchObject({ version: 3 })
  expect(scene.app.dynos.current).toMatchObject([{ command: 'sleep 60' }])
})

it('refuses what can not be promoted', async () => {
  const ask = (body: unknown) => scene.post('/pipeline-promotions', body)
  expect(await ask(order(staging, scene.app))).toMatchObject({
    status: 422,
    body: { id: 'invalid_params', message: 'The app shop-staging has no release to promote.' },
  })
  await scene.deploy({ Procfile: 'clock: sleep 60\n' }, staging)
  const alone = scene.heroku.createApp('alone')
  expect(await ask(order(staging, alone))).toMatchObject({
    status: 422,
    body: { message: 'The app alone is not in the pipeline store.' },
  })
  expect((await ask(order(alone, scene.app))).status).toBe(422)
  expect((await ask(order(staging, staging))).status).toBe(422)
  expect((await ask(order(staging))).status).toBe(422)
  expect((await ask({ ...order(staging, scene.app), pipeline: { id: 'other' } })).status).toBe(404)
  expect((await ask({ ...order(staging), targets: [{ app: { id: 'other' } }] })).status).toBe(404)
  expect(scene.app.releases.all).toEqual([])
})

it('couples an app once', () => {
  expect(() => scene.heroku.createPipeline('second', { staging: [scene.app] })).toThrow(
    'shop is in a pipeline already',
  )
})
