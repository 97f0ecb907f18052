import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openScene, type Scene } from './heroku/scene.ts'

/** A safety net only: everything waits for events. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

/** Prints, waits for a file, and prints again. */
const PHASE = 'release: echo begun >&2; until [ -e go ]; do sleep 0.02; done; echo done\n'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

/** Deploys an app with that release phase. @returns its end, once the release is there */
async function deploy(): Promise<{ ended: Promise<unknown> }> {
  const ended = scene.deploy({ Procfile: PHASE })
  await scene.heroku.log.waitFor(({ kind }) => kind === 'release')
  return { ended }
}

const outputUrl = async (version = 1) =>
  ((await scene.get(`/apps/shop/releases/${version}`)).body as { output_stream_url: string | null })
    .output_stream_url

const open = async (headers: Record<string, string> = {}) => fetch((await outputUrl()) ?? '', { headers })

const letGo = () => writeFileSync(join(scene.app.releases.all[0]?.slug?.folder ?? '', 'go'), '')
const begun = () =>
  scene.heroku.log.waitFor(({ kind, text: line }) => kind === 'dyno-line' && line === 'begun')

it('is not there without a release phase', async () => {
  await scene.deploy({ Procfile: 'clock: sleep 60\n' })
  expect(await outputUrl()).toBeNull()
})

it('is not there until the phase has begun', async () => {
  scene.app.nextReleasePhase({ hold: true })
  const { ended } = await deploy()
  expect((await open()).status).toBe(404)
  scene.app.releaseReleasePhase()
  await begun()
  expect((await open()).status).toBe(200)
  letGo()
  await ended
})

it('comes as it is printed, and ends with the phase; after that it is there as a whole', async () => {
  const { ended } = await deploy()
  await begun()
  const answer = await open()
  const pieces = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  expect(await pieces?.read()).toEqual({ done: false, value: 'begun\n' })
  letGo()
  expect(await pieces?.read()).toEqual({ done: false, value: 'done\n' })
  expect((await pieces?.read())?.done).toBe(true)
  await ended
  expect(await (await open()).text()).toBe('begun\ndone\n')
})

it('resumes after a connection that broke off', async () => {
  const { ended } = await deploy()
  await begun()
  const answer = await open()
  const read = expect(answer.text()).rejects.toThrow()
  scene.app.releases.all[0]?.output?.breakOff()
  await read
  letGo()
  await ended
  const rest = await open({ Range: 'bytes=6-' })
  expect([rest.status, await rest.text()]).toEqual([206, 'done\n'])
})

it('wants the secret of its URL, and no token', async () => {
  const { ended } = await deploy()
  // Its phase ends with the local Heroku.
  ended.catch(() => {})
  expect((await fetch(`${scene.heroku.apiUrl}/streams/0123`)).status).toBe(404)
  await begun()
  expect((await open({ Authorization: `Bearer ${scene.heroku.apiKey}` })).status).toBe(400)
})

it('is empty when the phase is one that a test arranged', async () => {
  scene.app.nextReleasePhase({ fail: true })
  await expect(scene.deploy({ Procfile: 'clock: sleep 60\n' })).rejects.toThrow('release phase')
  expect(await (await open()).text()).toBe('')
})
