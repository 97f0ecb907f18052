import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openScene, type Scene } from './heroku/scene.ts'

/** A safety net only: everything waits for events. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const PROGRAM = `process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1e6); console.log('up')`

let scene: Scene
beforeEach(async () => {
  scene = await openScene({ formation: { worker: 0 } })
  await scene.deploy({ 'app.js': PROGRAM, Procfile: 'clock: node app.js\nworker: node app.js\n' })
})
afterEach(() => scene[Symbol.asyncDispose]())

const shown = async () => (await scene.get('/apps/shop/dynos')).body
const ups = () =>
  scene.heroku.log.events.flatMap(({ kind, dyno }) => (kind === 'dyno-up' && dyno ? [dyno] : []))

it('shows a type that is scaled to 0, and has no dyno of it', async () => {
  expect((await scene.get('/apps/shop/formation')).body).toMatchObject([
    { type: 'clock', quantity: 1 },
    { type: 'worker', quantity: 0 },
  ])
  expect(await shown()).toMatchObject([{ name: 'clock.1', state: 'up' }])
})

it('scales while it runs: dynos come and go, and those that stay are left alone', async () => {
  scene.app.scale('worker', 2)
  scene.app.scale('worker', 1)
  scene.app.scale('clock', 0)
  expect((await scene.get('/apps/shop/formation')).body).toMatchObject([{ quantity: 0 }, { quantity: 1 }])
  expect(await shown()).toMatchObject([{ name: 'worker.1' }])
  expect(ups()).toEqual(['clock.1', 'worker.1', 'worker.2'])
  for (const gone of ['worker.2', 'clock.1']) {
    await scene.heroku.log.waitFor(({ kind, dyno }) => kind === 'dyno-exited' && dyno === gone)
  }
})

it('shows a dyno of one release as starting for its first reads', async () => {
  scene.app.showDyno({ dyno: 'clock', version: 2, state: 'starting', reads: 2 })
  expect(await shown()).toMatchObject([{ state: 'up', release: { version: 1 } }])
  await scene.deploy({})
  for (const state of ['starting', 'starting', 'up', 'up']) {
    expect(await shown()).toMatchObject([{ state, release: { version: 2 } }])
  }
})

it.each(['crashed', 'idle', 'down'] as const)('shows a dyno as %s that runs', async (state) => {
  scene.app.showDyno({ dyno: 'clock.1', state })
  expect(await shown()).toMatchObject([{ name: 'clock.1', state }])
  expect(scene.app.dynos.current).toMatchObject([{ name: 'clock.1', state: 'up' }])
})

it('finds one dyno by its name and by its id', async () => {
  const [clock] = scene.app.dynos.current
  for (const identity of ['clock.1', clock?.id]) {
    expect(await scene.get(`/apps/shop/dynos/${identity}`)).toMatchObject({
      status: 200,
      body: { id: clock?.id, name: 'clock.1', type: 'clock', release: { version: 1 } },
    })
  }
  expect(await scene.get('/apps/shop/dynos/clock.2')).toMatchObject({
    status: 404,
    body: { id: 'not_found', message: "Couldn't find that dyno." },
  })
})

it('stops a dyno, which its manager starts anew', async () => {
  const before = scene.app.dynos.current[0]
  await scene.heroku.log.waitFor(({ kind, text }) => kind === 'dyno-line' && text === 'up')
  expect(await scene.post('/apps/shop/dynos/clock.1/actions/stop')).toEqual({ status: 202, body: {} })
  expect(
    await scene.heroku.log.waitFor(({ kind, pid }) => kind === 'dyno-exited' && pid === before?.pid),
  ).toMatchObject({ code: 0 })
  expect(scene.app.dynos.current).toMatchObject([{ name: 'clock.1', version: 1, state: 'up' }])
  expect(scene.app.dynos.current[0]?.pid).not.toBe(before?.pid)
})

it('fails for one method alone', async () => {
  scene.app.nextApi({ method: 'POST', path: '/apps/shop/releases', status: 503 })
  expect((await scene.get('/apps/shop/releases')).status).toBe(200)
  expect((await scene.post('/apps/shop/releases')).status).toBe(503)
})
