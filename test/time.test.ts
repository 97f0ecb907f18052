import { expect, it } from 'vitest'
import { backgroundTime, systemTime } from '../src/time.ts'

/** Timers that keep this process alive. */
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

it.each([
  ['keeps the process alive', systemTime, 1],
  ['keeps it alive for nobody beside an app', backgroundTime, 0],
])('a wait %s', async (_name, time, kept) => {
  const stop = new AbortController()
  const before = timers()
  const waiting = time.sleep(60_000, stop.signal)
  // A wait begins by looking at its signal.
  await new Promise(setImmediate)
  expect(timers() - before).toBe(kept)
  stop.abort()
  await expect(waiting).rejects.toBe(stop.signal.reason)
})
