import { setTimeout as sleep } from 'node:timers/promises'
import { describe, type ExpectStatic, it, vi } from 'vitest'
import { guardJobs } from '../../../src/index.ts'
import { LIMIT } from '../support/lines.ts'
import { useGates } from './support/gate.ts'
import { cronOf, type Open, schedulers } from './support/schedules.ts'
import { handWork, Watch } from './support/watch.ts'

vi.setConfig({ testTimeout: 120_000 })

const gates = useGates()
/** A guard with a scheduler under it. */
async function guarded(open: Open, expect: ExpectStatic, over = {}) {
  const gate = gates.open(expect)
  const guard = await guardJobs({ ...gate.options, ...over })
  const watch = new Watch(() => guard.state)
  const { add, end, periodMs } = open()
  return {
    gate,
    watch,
    periodMs,
    /** Puts a job on the schedule. */
    add: (work: () => Promise<unknown> | undefined, failed?: (error: unknown) => void) =>
      add(
        guard.job(() => watch.run(work)),
        failed,
      ),
    resumed: () => gate.resumed(guard),
    async [Symbol.asyncDispose]() {
      end()
      await gate.close(guard)
    },
  }
}

describe.concurrent.each(Object.entries(schedulers))('%s:', (_, open) => {
  it('a flood of due jobs passes no barrier', async ({ expect }) => {
    await using it = await guarded(open, expect)
    const { gate, watch, periodMs } = it
    for (let n = 0; n < 60; n++) it.add(() => sleep(((n * 37) % 130) * (periodMs / 1_000)))
    await expect.poll(() => watch.started, LIMIT).toBeGreaterThan(60)
    for (let n = 0; n < (periodMs < 100 ? 40 : 4); n++) {
      // Just before they are due, or just as they are.
      await sleep(Math.max(0, periodMs - (Date.now() % periodMs) - (n % 4)))
      await gate.ask()
      await gate.drained()
      const { started } = watch
      expect(watch.running).toBe(0)
      await sleep(1.2 * periodMs)
      expect(watch.started).toBe(started)
      await it.resumed()
      await expect.poll(() => watch.started, LIMIT).toBeGreaterThan(started + 59)
    }
    watch.clean()
  })

  it('every one of its overlapping runs is waited for', async ({ expect }) => {
    await using it = await guarded(open, expect)
    const { gate, watch, periodMs } = it
    const first = handWork()
    it.add(() => (watch.started === 1 ? first.work() : undefined))
    await expect.poll(() => watch.started, LIMIT).toBeGreaterThan(1)
    await gate.ask()
    await gate.draining({ running: 1 })
    await sleep(1.2 * periodMs)
    await gate.draining({ running: 1 })
    first.end()
    await gate.drained({ finished: 1, stored: 0 })
    watch.clean()
  })

  it('a job that fails is over, and its scheduler hears of it', async ({ expect }) => {
    await using it = await guarded(open, expect)
    const { gate, watch, periodMs } = it
    const errors: unknown[] = []
    const work = handWork()
    it.add(work.work, (error) => errors.push(String(error)))
    await expect.poll(() => work.count, LIMIT).toBeGreaterThan(0)
    await gate.ask()
    await gate.draining()
    const { started } = watch
    work.fail(new Error('no boxes'))
    await gate.drained({ finished: started })
    await expect.poll(() => errors, LIMIT).toEqual(Array(started).fill('Error: no boxes'))
    // The same holds for the run that makes up for the hold.
    await sleep(1.2 * periodMs)
    await it.resumed()
    await expect.poll(() => work.count, LIMIT).toBeGreaterThan(0)
    work.fail(new Error('no lids'))
    await expect.poll(() => errors, LIMIT).toContain('Error: no lids')
  })

  it('a drain that is withdrawn while it waits leaves its run alone', async ({ expect }) => {
    await using it = await guarded(open, expect)
    const { gate, watch } = it
    const first = handWork()
    it.add(() => (watch.started === 1 ? first.work() : undefined))
    await expect.poll(() => watch.started, LIMIT).toBeGreaterThan(0)
    for (let n = 0; n < 2; n++) {
      await gate.ask()
      await gate.draining()
      const { started } = watch
      await it.resumed()
      await expect.poll(() => watch.started, LIMIT).toBeGreaterThan(started)
      expect(first.count).toBe(1)
    }
    await gate.ask()
    await gate.draining({ running: 1 })
    first.end()
    await gate.drained()
    watch.clean()
  })
})

describe.concurrent('node-cron, where a run begins some time after it was due,', () => {
  const shouldRun = () => sleep(300, true)
  it.for([
    ['at random', { maxRandomDelay: 400 }],
    ['when its coordinator agrees', { name: 'job', distributed: true, runCoordinator: { shouldRun } }],
  ] as const)('%s: begins none while held', async ([, options], { expect }) => {
    await using it = await guarded(cronOf(options), expect, { missed: 'skip' })
    const { gate, watch } = it
    for (let n = 0; n < 20; n++) it.add(() => undefined)
    await expect.poll(() => watch.started, LIMIT).toBeGreaterThan(0)
    await sleep(1_000 - (Date.now() % 1_000) + 30)
    await gate.ask()
    await gate.drained()
    const { started } = watch
    await sleep(1_000)
    expect(watch.started).toBe(started)
    watch.clean()
  })
})
