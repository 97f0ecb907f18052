import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { duringReleasePhase } from '../../../src/deploy/quiet/during-release-phase.ts'
import type { Hold } from '../../../src/gate/hold.ts'
import { DeployError } from '../../../src/outcome.ts'
import { systemTime } from '../../../src/time.ts'
import { announced, ReleasePhase } from '../../gate/support/release-phase.ts'
import { openScene, type Scene } from '../../gate/support/scene.ts'
import { App } from '../../participant/support/app.ts'

vi.setConfig({ testTimeout: 60_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const phase = () => scene.other.redis.hget(scene.other.keys.intent, 'phase')
const failed = new DeployError('release-failed', 'The release phase failed.', 'heroku releases:output')

/** A deploy whose push is `work`, and the holds that it was told of. */
async function deploy(
  work: () => Promise<string>,
  { terms = {}, signal = new AbortController().signal } = {},
) {
  const holds: Hold[] = []
  const { announcement, log } = await announced(scene, { terms, signal })
  const around = { log, time: systemTime, signal, follow: (hold: Hold) => void holds.push(hold) }
  const done = duringReleasePhase(announcement, work, around)
  return { announcement, done, holds, log }
}

it('a push whose release phase drains ends with a hold, which is the deploy’s to release', async () => {
  const app = await scene.clock(new App({}))
  const dyno = new ReleasePhase(scene)
  const { announcement, done, holds, log } = await deploy(async () => {
    await dyno.take()
    await dyno.drain()
    return 'v43'
  })
  await using _ = announcement
  const { result, hold, opened } = await done
  expect({ result, opened, holds }).toEqual({ result: 'v43', opened: true, holds: [hold] })
  expect(log.lines).toContainEqual(expect.stringMatching(/^clock\.1 is drained/))
  expect(await phase()).toBe('pushing')
  await hold?.release()
  expect(await phase()).toBe('released')
  expect(app.calls).toEqual(['drain'])
})

it('a push whose release phase never asks is as good as one without, and says so', async () => {
  const { announcement, done } = await deploy(async () => 'v43')
  await using _ = announcement
  expect(await done).toEqual({ result: 'v43', opened: false })
})

it('a command that fails after the drain gives everybody back before the deploy says how it ended', async () => {
  const app = await scene.clock(new App({}))
  const dyno = new ReleasePhase(scene)
  const { announcement, done } = await deploy(async () => {
    await dyno.take()
    await dyno.drain()
    throw failed
  })
  await using _ = announcement
  await expect(done).rejects.toBe(failed)
  expect(await phase()).toBe('aborted')
  await app.told('drain', 'resume')
})

it('a build that fails is told as it was', async () => {
  const { announcement, done } = await deploy(() => Promise.reject(failed))
  await using _ = announcement
  await expect(done).rejects.toBe(failed)
})

it('a drain that fails in the release phase is why the release failed', async () => {
  await scene.clock(new App())
  const dyno = new ReleasePhase(scene)
  const work = async () => {
    await dyno.take()
    await dyno.drain().catch(() => {})
    throw failed
  }
  const { announcement, done } = await deploy(work, { terms: { drainTimeoutMs: 300 } })
  await using _ = announcement
  await expect(done).rejects.toMatchObject({ outcome: 'drain-timeout' })
  expect(await phase()).toBe('aborted')
})

it('a cancelled deploy waits for its push to be over, and says that it was cancelled', async () => {
  const cancel = new AbortController()
  const reason = new DeployError('cancelled', 'The job was cancelled.', '')
  const push = Promise.withResolvers<string>()
  const { announcement, done } = await deploy(() => push.promise, { signal: cancel.signal })
  await using _ = announcement
  let ended = false
  const end = done.finally(() => {
    ended = true
  })
  end.catch(() => {})
  cancel.abort(reason)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(ended).toBe(false)
  push.reject(reason)
  await expect(end).rejects.toBe(reason)
})
