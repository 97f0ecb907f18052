import { setTimeout as sleep } from 'node:timers/promises'
import { DelayedError, type Job, Queue, Worker, type WorkerOptions } from 'bullmq'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { type BullmqWorker, type Guard, guardBullmq } from '../../../src/index.ts'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts'
import { LIMIT } from '../support/lines.ts'
import { type Gate, useGates } from './support/gate.ts'
import { handWork, Watch } from './support/watch.ts'

vi.setConfig({ testTimeout: 60_000 })

const gates = useGates()
let gate: Gate
let guard: Guard | undefined
let watch: Watch
let queue: Queue
let proxy: FaultProxy | undefined
const workers: Worker[] = []
const connection = () => ({ host: '127.0.0.1', port: gates.port, maxRetriesPerRequest: null })
const names = () => ({ connection: connection(), prefix: `{${gate.options.gateName}}` })
beforeEach(() => {
  gate = gates.open(expect)
  guard = undefined
  // What was fetched as the drain began is its worker's: it runs before the drain is acknowledged.
  watch = new Watch(() => guard?.state, ['running', 'draining'])
  queue = new Queue('exports', names())
})
afterEach(async () => {
  await gate.close(guard)
  for (const worker of workers.splice(0)) await worker.close()
  await queue.close()
  await proxy?.[Symbol.asyncDispose]()
  proxy = undefined
})

function worker(work: (job: Job, token?: string) => unknown, over: Partial<WorkerOptions> = {}): Worker {
  const run = (job: Job, token?: string) => watch.run(async () => await work(job, token))
  const one = new Worker('exports', run, { ...names(), autorun: false, ...over })
  workers.push(one)
  return one
}

async function join(...all: BullmqWorker[]): Promise<Guard> {
  guard = await guardBullmq(all, gate.options)
  return guard
}

describe('BullMQ:', () => {
  it('a flood of jobs passes no barrier, and each runs once', async () => {
    const seen = new Map<string, number>()
    const work = async (job: Job) => {
      seen.set(String(job.id), (seen.get(String(job.id)) ?? 0) + 1)
      await sleep(Number(job.id) % 7)
    }
    const options = { removeOnComplete: true }
    const many = Array.from({ length: 4_000 }, (_, n) => ({ name: 'tick', data: n, opts: options }))
    await queue.addBulk(many)
    const it = await join(worker(work, { concurrency: 8 }), worker(work, { concurrency: 2 }))
    for (let n = 0; n < 20; n++) {
      const { started } = watch
      await expect.poll(() => watch.started, { ...LIMIT, interval: 1 }).toBeGreaterThan(started + 20)
      await gate.ask()
      await gate.drained()
      const held = watch.started
      expect(await queue.getActiveCount()).toBe(0)
      await sleep(30)
      expect(watch.started).toBe(held)
      await gate.resumed(it)
    }
    expect(await queue.getWaitingCount()).toBeGreaterThan(0)
    await expect.poll(() => queue.getWaitingCount(), LIMIT).toBe(0)
    await expect.poll(() => queue.getActiveCount(), LIMIT).toBe(0)
    expect([...seen.values()].filter((times) => times !== 1)).toEqual([])
    expect(seen.size).toBe(4_000)
    watch.clean()
  })

  it('a job that became due while held runs at the resume, although nothing else comes', async () => {
    const it = worker(() => {})
    // As long as it is allowed to sleep: what wakes it is not the clock.
    Object.defineProperty(it, 'maximumBlockTimeout', { value: 3_600 })
    await queue.upsertJobScheduler('tick', { every: 1_000 }, { name: 'tick' })
    const joined = await join(it)
    for (let n = 0; n < 3; n++) {
      const before = watch.started
      await expect.poll(() => watch.started, LIMIT).toBeGreaterThan(before)
      // Only then does it count on being woken.
      await expect.poll(() => queue.getWorkers(), LIMIT).toMatchObject([{ flags: 'b', cmd: 'bzpopmin' }])
      await gate.ask()
      await gate.drained()
      const { started } = watch
      await sleep(1_100)
      expect(watch.started).toBe(started)
      await gate.resumed(joined)
      await expect.poll(() => watch.started, LIMIT).toBeGreaterThan(started)
    }
    watch.clean()
  })

  it('a drain that is withdrawn while a job runs lets the others begin', async () => {
    const long = handWork()
    const it = worker((job) => (job.name === 'long' ? long.work() : undefined), { concurrency: 2 })
    Object.defineProperty(it, 'maximumBlockTimeout', { value: 3_600 })
    const joined = await join(it)
    await queue.add('long', {})
    await expect.poll(() => long.count, LIMIT).toBe(1)
    for (let n = 0; n < 2; n++) {
      await gate.ask()
      await gate.draining({ running: 1, note: 'long' })
      const { started } = watch
      await queue.add('short', {})
      await sleep(250)
      expect(watch.started).toBe(started)
      await gate.resumed(joined)
      await expect.poll(() => watch.started, LIMIT).toBe(started + 1)
    }
    await gate.ask()
    await gate.draining({ running: 1 })
    long.end()
    await gate.drained({ finished: 1 })
    watch.clean()
  })

  it('a job that fails is over', async () => {
    const work = handWork()
    await join(worker(work.work))
    await queue.add('export', {})
    await expect.poll(() => work.count, LIMIT).toBe(1)
    await gate.ask()
    await gate.draining({ running: 1 })
    work.fail(new Error('no boxes'))
    await gate.drained({ finished: 1 })
    expect(await queue.getFailedCount()).toBe(1)
  })

  it('a job that puts itself away is stored, and runs at the resume', async () => {
    const it = worker(async (job, token) => {
      if (watch.started > 1) return
      const { stopping } = guard as Guard
      await new Promise((resolve) => stopping.addEventListener('abort', resolve))
      await job.moveToDelayed(Date.now(), token)
      guard?.stored()
      throw new DelayedError()
    })
    const joined = await join(it)
    await queue.add('export', {})
    await expect.poll(() => watch.running, LIMIT).toBe(1)
    await gate.ask()
    await gate.draining({ running: 1 })
    await gate.force()
    await gate.drained({ finished: 0, stored: 1 })
    expect(watch.started).toBe(1)
    await gate.resumed(joined)
    await expect.poll(() => queue.getCompletedCount(), LIMIT).toBe(1)
    expect(watch.started).toBe(2)
    watch.clean()
  })

  it('a worker that the app has paused is waited for, and stays paused', async () => {
    const work = handWork()
    const [one, other] = [worker(work.work), worker(work.work)]
    const joined = await join(one, other)
    await queue.add('export', {})
    await expect.poll(() => work.count, LIMIT).toBe(1)
    for (const it of [one, other]) await it.pause(true)
    await gate.ask()
    await gate.draining({ running: 1 })
    await sleep(250)
    await gate.draining({ running: 1 })
    work.end()
    await gate.drained()
    await gate.resumed(joined)
    expect([one.isPaused(), other.isPaused()]).toEqual([true, true])
    await one.resume()
    await queue.add('export', {})
    await expect.poll(() => work.count, LIMIT).toBe(1)
    work.end()
    watch.clean()
  })

  it('a worker whose Redis comes back in the middle of a drain drains, and works again', async () => {
    proxy = await startFaultProxy(gates.port)
    // Away for as long as it takes: the drain begins before the worker tries again.
    const retryStrategy = () => 1_500
    const it = worker(() => {}, { connection: { ...connection(), port: proxy.port, retryStrategy } })
    it.on('error', () => {})
    const joined = await join(it)
    await expect.poll(() => queue.getWorkers(), LIMIT).toMatchObject([{ flags: 'b' }])
    const closed = new Promise<void>((resolve) => it.once('ioredis:close', resolve))
    proxy.drop()
    await closed
    await gate.ask()
    await gate.drained()
    await queue.add('export', {})
    await sleep(250)
    expect(watch.started).toBe(0)
    await gate.resumed(joined)
    await expect.poll(() => watch.started, LIMIT).toBe(1)
    watch.clean()
  })

  it('a worker that has never had its Redis is not paused by a drain that is over', async () => {
    proxy = await startFaultProxy(gates.port)
    await proxy.refuse()
    const retryStrategy = () => 50
    const it = worker(() => {}, { connection: { ...connection(), port: proxy.port, retryStrategy } })
    it.on('error', () => {})
    const joined = await join(it)
    await gate.ask()
    await gate.draining()
    await gate.resumed(joined)
    await proxy.accept()
    await queue.add('export', {})
    await expect.poll(() => watch.started, LIMIT).toBe(1)
    expect(it.isPaused()).toBe(false)
    watch.clean()
  })

  it('a worker that cannot be paused refuses the drain', async () => {
    const it = worker(() => {})
    await join(it)
    it.pause = () => Promise.reject(new Error('the queue is stuck'))
    await gate.ask()
    await gate.deployer.sees({ state: 'failed', note: 'the queue is stuck' })
    await queue.add('export', {})
    await expect.poll(() => watch.started, LIMIT).toBe(1)
  })

  it('a process that boots into a drain works when it is over', async () => {
    await queue.add('export', {})
    await gate.ask()
    const joining = join(worker(() => {}))
    await gate.drained()
    await sleep(250)
    expect(watch.started).toBe(0)
    await gate.withdraw()
    await joining
    await expect.poll(() => watch.started, LIMIT).toBe(1)
    watch.clean()
  })

  it('a process that leaves closes its workers when their jobs are done', async () => {
    const work = handWork()
    const it = worker(work.work)
    const closed = vi.fn()
    it.on('closed', closed)
    const joined = await join(it)
    await queue.add('export', {})
    await expect.poll(() => work.count, LIMIT).toBe(1)
    const left = joined.leave()
    await gate.deployer.sees({ state: 'draining', running: 1 })
    expect(closed).not.toHaveBeenCalled()
    work.end()
    await left
    expect(closed).toHaveBeenCalledOnce()
    expect(await queue.getCompletedCount()).toBe(1)
    expect(await gate.deployer.row()).toMatchObject({ state: 'exited', finished: 1 })
  })

  it('a worker that runs already is refused, and only a worker is taken', async () => {
    const early = worker(() => {}, { autorun: true })
    await expect(join(early)).rejects.toThrow(
      /^deploy-gate: the BullMQ worker of "exports" runs already, .* autorun: false; its guard starts it\.$/,
    )
    expect(await gate.deployer.rows()).toEqual([])
    expectTypeOf<Worker<{ rows: number }, string, 'export'>>().toExtend<BullmqWorker>()
    // It starts nothing, and its pause() stays in Redis.
    expectTypeOf<Queue>().not.toExtend<BullmqWorker>()
  })
})
