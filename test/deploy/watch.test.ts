import { expect, it } from 'vitest'
import { during } from '../../src/deploy/watch.ts'
import { Lines } from '../participant/support/lines.ts'
import { ManualTime } from '../support/manual-time.ts'

const EVERY_MS = 15_000

it('warns of each concern once while the work goes on, and ends with it', async () => {
  const [time, log] = [new ManualTime(), new Lines()]
  const work = Promise.withResolvers<string>()
  const answers: (() => Promise<string[]>)[] = [
    async () => ['clock.1 is scheduling again'],
    () => Promise.reject(new Error('Redis is away')),
    async () => ['clock.1 is scheduling again', 'the drain ran out'],
  ]
  const result = during(
    () => work.promise,
    () => answers.shift()?.() ?? Promise.resolve([]),
    log,
    time,
  )
  for (let look = 0; look < 3; look++) await time.advance(EVERY_MS)
  expect(log.lines).toEqual(['warning: clock.1 is scheduling again', 'warning: the drain ran out'])
  work.resolve('v43')
  expect(await result).toBe('v43')
  expect(answers).toEqual([])
})

it('asks once more when the work is done, however short it was', async () => {
  const log = new Lines()
  const work = async () => 'v43'
  const result = await during(work, async () => ['the drain ran out'], log, new ManualTime())
  expect([result, log.lines]).toEqual(['v43', ['warning: the drain ran out']])
})

it('passes on how the work failed', async () => {
  const work = Promise.reject(new Error('no'))
  const watched = during(
    () => work,
    async () => [],
    new Lines(),
    new ManualTime(),
  )
  await expect(watched).rejects.toThrow('no')
})
