import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { startRedis } from '../support/redis/redis-server.ts'
import type { Measure, Told } from './support/deploys-process.ts'

const root = join(import.meta.dirname, '../..')
const DEPLOYS = 1_000
/** After the first the keys have their size, after the second the code has been compiled. Multiples of 4: all are after a release. */
const MEASURED = [12, 200, DEPLOYS]
/** From the second to the last it grows by 0.5 MB, of code alone: after 1,000 it grows by 0.1 kB with each deploy, and then no more. */
const MOST_HEAP_BYTES = 1_000_000

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

it('a thousand deploys in a row leave nothing behind', { timeout: 300_000 }, async () => {
  await using server = await startRedis({ appendonly: false })
  const program = join(import.meta.dirname, 'support/deploys-process.ts')
  const child = fork(program, [DEPLOYS, ...MEASURED].map(String), {
    // Code that is not used any more is thrown away at some time: 4 MB that would hide a leak.
    execArgv: ['--expose-gc', '--no-flush-bytecode', '--import', join(root, 'test/support/lua-text.mjs')],
    env: { PATH: process.env.PATH, REDIS_URL: server.url },
    silent: true,
  })
  children.push(child)
  let said = ''
  child.stderr?.on('data', (piece) => {
    said += piece
  })
  const failed = once(child, 'exit').then(() =>
    Promise.reject(new Error(`it ended before it was done:\n${said}`)),
  )
  const [told] = (await Promise.race([once(child, 'message'), failed])) as [Told]
  failed.catch(() => {})
  // Nothing keeps it from its end.
  await expect.poll(() => child.exitCode, { timeout: 30_000 }).toBe(0)

  expect(told.warnings).toEqual([])
  expect(said).toBe('')
  // Once more each as they leave.
  expect(told.clock).toEqual({ drain: DEPLOYS + 1, force: DEPLOYS / 4, resume: DEPLOYS })
  expect(told.workers).toEqual({ drain: DEPLOYS + 1, resume: (DEPLOYS * 3) / 4, leave: DEPLOYS / 4 + 1 })

  const [first, warm, last] = told.measures as [Measure, Measure, Measure]
  expect(last.deploys).toBe(DEPLOYS)
  const { heapBytes: _, deploys: __, keys, ...rest } = first
  expect(last).toMatchObject(rest)
  expect(Object.keys(last.keys)).toEqual(Object.keys(keys))
  for (const [name, [fields, bytes]] of Object.entries(keys)) {
    expect(last.keys[name]?.[0]).toBe(fields)
    expect(last.keys[name]?.[1]).toBeLessThanOrEqual(bytes + 64)
  }
  expect(last.abortListeners).toBe(0)
  expect(last.heapBytes - warm.heapBytes).toBeLessThan(MOST_HEAP_BYTES)
})
