import { setTimeout as sleep } from 'node:timers/promises'
import { Cron } from 'croner'
import cron from 'node-cron'
import { AsyncTask, Task } from 'toad-scheduler'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { guardJobs, type JobGuard } from '../../../src/index.ts'
import { type Gate, useGates } from './support/gate.ts'
import { handWork, Watch } from './support/watch.ts'

vi.setConfig({ testTimeout: 60_000 })

const gates = useGates()
let gate: Gate
let guard: JobGuard | undefined
let watch: Watch

beforeEach(() => {
  gate = gates.open(expect)
  guard = undefined
  watch = new Watch(() => guard?.state)
})
afterEach(async () => {
  await gate.close(guard)
})

async function join(over = {}): Promise<JobGuard> {
  guard = await guardJobs({ ...gate.options, ...over })
  return guard
}

describe('a run that was due while held', () => {
  it.each([
    ['runs once at the resume, however often it was due', {}, {}, 1],
    ['does not run with missed: skip', { missed: 'skip' } as const, {}, 0],
    ["does not run with the job's own missed: skip", {}, { missed: 'skip' } as const, 0],
    ["runs with the job's own missed: one", { missed: 'skip' } as const, { missed: 'one' } as const, 1],
  ])('%s', async (_, options, own, times) => {
    const { job } = await join(options)
    const run = job(() => watch.run(() => undefined), own)
    const other = job(() => watch.run(() => undefined), { missed: 'one' })
    await gate.ask()
    await gate.drained()
    const calls = [run(), run(), run(), other()]
    expect(watch.started).toBe(0)
    await gate.resumed(guard as JobGuard)
    await Promise.all(calls)
    expect(watch.started).toBe(times + 1)
    watch.clean()
  })

  it('waits for the next resume if a drain comes first', async () => {
    const { job } = await join()
    const run = job(() => watch.run(() => undefined))
    await gate.ask()
    await gate.drained()
    const waiting = run()
    await gate.withdraw()
    await gate.ask()
    await gate.drained()
    await gate.resumed(guard as JobGuard)
    await waiting
    expect(watch.started).toBe(1)
    watch.clean()
  })

  it('is never made up for by a process that ends', async () => {
    const { job, leave } = await join()
    const run = job(() => watch.run(() => undefined))
    await leave()
    void run()
    await sleep(50)
    expect(watch.started).toBe(0)
  })
})

describe('the function that is scheduled', () => {
  it('passes on what it is called with and what it returns, and throws what is thrown', async () => {
    const { job } = await join()
    const add = job(function (this: { base: number }, a: number, b: number) {
      return this.base + a + b
    })
    expect(add.call({ base: 1 }, 2, 3)).toBe(6)
    const failing = job(() => {
      throw new Error('at once')
    })
    expect(failing).toThrow('at once')
    await gate.ask()
    await gate.drained()
  })

  it('runs a query that begins at its `then` once', async () => {
    const { job } = await join()
    let queries = 0
    const query: PromiseLike<string> = {
      // biome-ignore lint/suspicious/noThenProperty: this is what a query builder is
      then: (resolve) => {
        queries++
        return Promise.resolve('rows').then(resolve)
      },
    }
    expect(await job(() => query)()).toBe('rows')
    expect(queries).toBe(1)
  })

  it('may be made at any time, also while held', async () => {
    const { job } = await join()
    await gate.ask()
    await gate.drained()
    const late = job(() => watch.run(() => undefined))()
    expect(watch.started).toBe(0)
    await gate.resumed(guard as JobGuard)
    await late
    expect(watch.started).toBe(1)
    watch.clean()
  })

  it('is named while it runs', async () => {
    const { job } = await join()
    const work = handWork()
    async function exportReport() {
      await work.work()
    }
    const ends = [
      job(exportReport)(),
      job(exportReport)(),
      job(work.work, { name: 'bills' })(),
      job(() => work.work())(),
    ]
    await gate.ask()
    const row = { running: 4, note: 'bills, exportReport' }
    await gate.draining(row)
    work.end()
    await Promise.all(ends)
    await gate.drained({ finished: 4 })
    expect((await gate.deployer.row())?.note).toBeUndefined()
  })
})

it('the types of what schedulers take are kept', async () => {
  const { job } = await join()
  new Cron(
    '* * * * *',
    { paused: true, context: 'boxes' },
    job(async (self, context) => void [self.name, context]),
  ).stop()
  new Cron(
    '* * * * *',
    { paused: true },
    job((self: Cron) => void self.name),
  ).stop()
  void cron
    .createTask(
      '* * * * *',
      job(({ date }) => date.getTime()),
    )
    .destroy()
  new AsyncTask(
    'task',
    job(async (task?: string) => task),
  )
  new Task(
    'task',
    job(() => {}),
  )
  expectTypeOf(job(async (boxes: number) => String(boxes))).toEqualTypeOf<
    (this: unknown, boxes: number) => Promise<string> | Promise<string | undefined>
  >()
  // @ts-expect-error It takes what the function takes.
  expect(job((boxes: number) => boxes + 1)('2')).toBe('21')
})

describe('a deploy that is out of patience', () => {
  it('tells jobs to put themselves away, and counts those that do', async () => {
    const it = await join()
    const { stopping } = it
    const stop = it.job(
      (signal: AbortSignal = it.stopping) =>
        new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => {
            it.stored()
            resolve()
          }),
        ),
    )
    const stubborn = handWork()
    const ends = [stop(), stop(), it.job(stubborn.work)()]
    await gate.ask()
    await gate.draining({ running: 3 })
    expect(stopping.aborted).toBe(false)
    await gate.force()
    await gate.draining({ running: 1, finished: 0, stored: 2 })
    expect(stopping.aborted).toBe(true)
    stubborn.end()
    await Promise.all(ends)
    await gate.drained({ finished: 1, stored: 2 })
    expect(it.stopping).toBe(stopping)
    await gate.resumed(it)
    expect(it.stopping.aborted).toBe(false)
    await gate.ask()
    await gate.drained({ finished: 0, stored: 0 })
  })
})

describe('a process', () => {
  it('that boots into a drain may schedule when it is over', async () => {
    await gate.ask()
    const joining = join()
    await gate.drained()
    expect(guard).toBeUndefined()
    await gate.withdraw()
    const run = (await joining).job(() => watch.run(() => undefined))
    await run()
    expect(watch.started).toBe(1)
    watch.clean()
  })

  it('with a wrong option ends with one clear error', async () => {
    const missed = 'all' as 'one'
    await expect(guardJobs({ ...gate.options, missed })).rejects.toThrow(
      `deploy-gate: missed is "all". Expected 'one' or 'skip'.`,
    )
    const { job } = await join()
    expect(() => job(() => {}, { missed })).toThrow('missed is "all"')
    await expect(guardJobs({ redisUrl: 'sesame' })).rejects.toThrow(/redisUrl can't be used/)
  })
})
