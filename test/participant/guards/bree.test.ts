import { join as path } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Bree from 'bree'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { type Bree as BreeLike, type Guard, type GuardOptions, guardBree } from '../../../src/index.ts'
import { LIMIT } from '../support/lines.ts'
import { type Gate, useGates } from './support/gate.ts'

vi.setConfig({ testTimeout: 60_000 })

const gates = useGates()
let gate: Gate
let guard: Guard | undefined
let bree: Bree
/** job names, as their threads begin */
let started: string[]
/** what a thread was seen to do when none may */
let wrong: string[]
beforeEach(() => {
  gate = gates.open(expect)
  guard = undefined
  ;[started, wrong] = [[], []]
})
afterEach(async () => {
  for (const name of [...bree.timeouts.keys(), ...bree.intervals.keys()]) {
    bree.removeSafeTimer('timeouts', name)
    bree.removeSafeTimer('intervals', name)
  }
  for (const thread of bree.workers.values()) await thread.terminate()
  await gate.close(guard)
})

/** A Bree whose jobs are threads that run `script` of support/threads. */
function schedule(script: string, jobs: readonly Omit<Bree.JobOptions, 'path'>[]): Bree {
  const file = path(import.meta.dirname, `support/threads/${script}.mjs`)
  bree = new Bree({
    root: false,
    logger: false,
    jobs: jobs.map((job) => ({ ...job, path: file })),
    // Without it Bree tells errors to its logger.
    errorHandler: () => {},
  })
  bree.on('worker created', (name: string) => {
    started.push(name)
    if (guard?.state !== 'running') wrong.push(`${name} began while ${guard?.state}`)
    bree.workers.get(name)?.on('exit', () => {
      if (guard?.state === 'drained') wrong.push(`${name} went on until after the drain`)
    })
  })
  return bree
}

async function join(over: GuardOptions = {}): Promise<Guard> {
  guard = await guardBree(bree, { ...gate.options, ...over })
  return guard
}

describe('Bree:', () => {
  it('a flood of due jobs passes no barrier', async () => {
    schedule(
      'short',
      Array.from({ length: 5 }, (_, n) => ({ name: `job-${n}`, interval: 20 + n })),
    )
    const it = await join()
    await bree.start()
    for (let n = 0; n < 15; n++) {
      await expect.poll(() => bree.workers.size, { ...LIMIT, interval: 1 }).toBeGreaterThan(0)
      await gate.ask()
      await gate.drained()
      expect(bree.workers.size).toBe(0)
      const { length } = started
      await sleep(60)
      expect(started).toHaveLength(length)
      await gate.resumed(it)
      await expect.poll(() => started.length, LIMIT).toBeGreaterThan(length + 4)
    }
    expect(wrong).toEqual([])
  })

  it('a thread is waited for, and a second run of its job does not hide it', async () => {
    schedule('waits', [{ name: 'long' }, { name: 'other' }])
    await join()
    await bree.run()
    await expect.poll(() => started, LIMIT).toEqual(['long', 'other'])
    await bree.run('long')
    await gate.ask()
    await gate.draining({ running: 2, note: 'long, other' })
    bree.workers.get('other')?.postMessage('end')
    await gate.draining({ running: 1, finished: 1 })
    bree.workers.get('long')?.postMessage('end')
    await gate.drained({ finished: 2, stored: 0 })
    expect(wrong).toEqual([])
  })

  it('a thread that fails is over', async () => {
    schedule('fails', [{ name: 'job' }])
    await join()
    await bree.run('job')
    await gate.ask()
    await gate.drained()
    expect(started).toEqual(['job'])
  })

  it.each([
    ['a file that is not there', 'nowhere', 'job'],
    ['a name that is no job of it', 'short', 'other'],
  ])('nothing goes on after %s', async (_, script, name) => {
    schedule(script, [{ name: 'job' }])
    await join()
    await expect(bree.run(name)).rejects.toThrow()
    await gate.ask()
    await gate.drained()
    expect(started).toEqual([])
  })

  it.each([
    ['one', ['every', 'late', 'once']],
    ['skip', ['late', 'once']],
  ] as const)('what was due while held, with missed: %s', async (missed, due) => {
    schedule('short', [
      { name: 'every', interval: '1 hour' },
      { name: 'once', timeout: 30 },
      { name: 'gone', timeout: 30 },
    ])
    const it = await join({ missed })
    await gate.ask()
    await gate.drained()
    await bree.start()
    await bree.add({ name: 'late', path: path(import.meta.dirname, 'support/threads/short.mjs') })
    for (const name of ['every', 'every', 'late']) await bree.run(name)
    await expect.poll(() => bree.timeouts.size, LIMIT).toBe(0)
    await bree.remove('gone')
    expect(started).toEqual([])
    await gate.resumed(it)
    await expect.poll(() => [...started].sort(), LIMIT).toEqual(due)
    await gate.ask()
    await gate.drained()
    await gate.resumed(it)
    expect([...started].sort()).toEqual(due)
    expect(wrong).toEqual([])
  })

  it('a drain that is withdrawn while a thread works leaves it alone', async () => {
    schedule('waits', [{ name: 'long' }, { name: 'other' }])
    const it = await join()
    await bree.run('long')
    await gate.ask()
    await gate.draining({ running: 1 })
    await bree.run('other')
    expect(started).toEqual(['long'])
    await gate.resumed(it)
    await expect.poll(() => started, LIMIT).toEqual(['long', 'other'])
    await gate.ask()
    await gate.draining({ running: 2 })
    for (const thread of bree.workers.values()) thread.postMessage('end')
    await gate.drained({ finished: 2 })
  })

  it('out of patience: who listens is cancelled and counts as stored, who does not is waited for', async () => {
    schedule('waits', [{ name: 'listens' }, { name: 'deaf', worker: { workerData: { deaf: true } } }])
    const it = await join()
    await bree.run()
    await gate.ask()
    await gate.draining({ running: 2 })
    await gate.force()
    await gate.draining({ running: 1, finished: 0, stored: 1, note: 'deaf' })
    bree.workers.get('deaf')?.postMessage('end')
    await gate.drained({ finished: 1, stored: 1 })
    expect(wrong).toEqual([])
    await gate.resumed(it)
  })

  it('a process that boots into a drain schedules when it is over', async () => {
    schedule('short', [{ name: 'job', interval: 20 }])
    await gate.ask()
    const joining = join()
    await bree.start()
    await gate.drained()
    await sleep(60)
    expect(started).toEqual([])
    await gate.withdraw()
    await joining
    await expect.poll(() => started.length, LIMIT).toBeGreaterThan(1)
  })

  it('a wrong option ends with one clear error, and only a Bree is taken', async () => {
    schedule('short', [])
    await expect(join({ missed: 'all' as 'one' })).rejects.toThrow(
      `deploy-gate: missed is "all". Expected 'one' or 'skip'.`,
    )
    expectTypeOf<Bree>().toExtend<BreeLike>()
    expectTypeOf<NodeJS.EventEmitter>().not.toExtend<BreeLike>()
  })
})
