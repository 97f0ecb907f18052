import { expect, it } from 'vitest'
import { together } from '../src/together.ts'
import { rejection } from './heroku/support/world.ts'

const never = new AbortController().signal

/** Stops when its signal aborts, but only after some turns of the event loop, and with a failure of its own. */
async function slowToStop(signal: AbortSignal, ended: () => void): Promise<never> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  ended()
  throw new Error('stopped')
}

it('gives the results in the order of the tasks', async () => {
  let finish = (_value: string) => {}
  const late = new Promise<string>((resolve) => {
    finish = resolve
  })
  const results = await together(never, [
    () => late,
    async () => {
      finish('late')
      return 2
    },
  ])
  expect(results).toEqual(['late', 2])
})

it('stops the others at the first failure, waits for them, and rejects with that failure', async () => {
  const failure = new Error('first')
  let ended = false
  const error = await rejection(
    together(never, [
      (signal) =>
        slowToStop(signal, () => {
          ended = true
        }),
      async () => {
        throw failure
      },
    ]),
  )
  expect(error).toBe(failure)
  expect(ended).toBe(true)
})

it('rejects with the reason of the signal, though a task fails on the way out', async () => {
  const cancel = new AbortController()
  const reason = new Error('cancelled')
  let ended = false
  const running = rejection(
    together(cancel.signal, [
      (signal) =>
        slowToStop(signal, () => {
          ended = true
        }),
    ]),
  )
  cancel.abort(reason)
  expect(await running).toBe(reason)
  expect(ended).toBe(true)
})

it('rejects with the reason of the signal, though every task ended well', async () => {
  const cancel = new AbortController()
  const reason = new Error('cancelled')
  const running = rejection(together(cancel.signal, [async () => cancel.abort(reason)]))
  expect(await running).toBe(reason)
})

it('starts nothing when the signal has aborted before', async () => {
  const reason = new Error('cancelled')
  let started = false
  const task = async () => {
    started = true
  }
  expect(await rejection(together(AbortSignal.abort(reason), [task]))).toBe(reason)
  expect(started).toBe(false)
})
