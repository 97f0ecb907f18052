import { expect, it } from 'vitest'
import { TimeLimitError, withinLimit } from '../../src/heroku/time-limit.ts'
import { scriptedTime } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

const never = new AbortController().signal
const aborted = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )

it('gives what the work gives, and leaves no wait behind', async () => {
  const waits: (AbortSignal | undefined)[] = []
  const time = scriptedTime(() => false)
  const watched = {
    ...time,
    sleep(ms: number, signal?: AbortSignal) {
      waits.push(signal)
      return time.sleep(ms, signal)
    },
  }
  expect(await withinLimit(60_000, { time: watched, signal: never }, async () => 'done')).toBe('done')
  expect(waits.map((signal) => signal?.aborted)).toEqual([true])
})

it('rejects with what the work rejects with', async () => {
  const failure = new Error('broken')
  const time = scriptedTime(() => false)
  expect(await rejection(withinLimit(60_000, { time, signal: never }, () => Promise.reject(failure)))).toBe(
    failure,
  )
})

it('tells the work to stop when its time is over', async () => {
  const time = scriptedTime(() => false)
  const error = rejection(withinLimit(60_000, { time, signal: never }, aborted))
  time.elapse(60_000)
  expect(await error).toBeInstanceOf(TimeLimitError)
  expect((await error).message).toBe('not done within 60000 ms')
})

it('tells the work to stop with the reason of the signal', async () => {
  const cancel = new AbortController()
  const reason = new Error('cancelled')
  const error = rejection(
    withinLimit(60_000, { time: scriptedTime(() => false), signal: cancel.signal }, aborted),
  )
  cancel.abort(reason)
  expect(await error).toBe(reason)
})

it('does not abandon work that ignores its signal', async () => {
  const time = scriptedTime(() => false)
  let finish = (_value: string) => {}
  const work = new Promise<string>((resolve) => {
    finish = resolve
  })
  const running = withinLimit(60_000, { time, signal: never }, () => work)
  time.elapse(60_000)
  await new Promise((resolve) => setImmediate(resolve))
  finish('late')
  expect(await running).toBe('late')
})
