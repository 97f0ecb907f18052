import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { acquireGate, newDeployId } from '../../src/gate/gate.ts'
import { App } from '../participant/support/app.ts'
import { ASKER, openScene, type Scene, TERMS } from './support/scene.ts'

vi.setConfig({ testTimeout: 30_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

it.each([
  [29_000, 1],
  [31_000, 2],
])('a grant that is read %i ms after it was asked for is asked for %i times', async (stoppedMs, times) => {
  await scene.clock(new App({ finished: 1 }))
  const around = scene.around()
  let [behind, commits] = [0, 0]
  // The answer is there, and the process is stopped before it reads it.
  const read = (args: readonly unknown[], reply: unknown) => {
    if (args.includes('strict') && ++commits === 1) behind += stoppedMs
    return reply
  }
  const hold = await acquireGate(
    {
      ...around,
      time: { ...around.time, now: () => around.time.now() + behind },
      host: {
        evalsha: async (...args) => read(args, await around.host.evalsha(...args)),
        eval: async (...args) => read(args, await around.host.eval(...args)),
      },
    },
    newDeployId(),
    TERMS,
    ASKER,
    '',
  )
  await using _ = hold
  expect(await hold.drained()).toBe(true)
  await hold.commit()
  expect(commits).toBe(times)
})
