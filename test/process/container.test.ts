import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { container, marked } from '../../src/process/container.ts'

/** Runs a shell with a mark of its own; resolves when it has printed a line. */
async function shell(script: string) {
  const MARK = randomUUID()
  const env = { PATH: process.env.PATH, MARK }
  const child = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  await once(createInterface(child.stdout), 'line')
  return { mark: `MARK=${MARK}`, ended }
}

it('ends a program that starts others all the time, and all of those', { timeout: 60_000 }, async () => {
  for (let round = 0; round < 10; round++) {
    const script =
      'i=0; while [ $i -lt 400 ]; do i=$((i+1)); [ $i = 40 ] && echo many; setsid sleep 600 & done; wait'
    const { mark, ended } = await shell(script)
    container(mark).sweep()
    await ended
    expect(marked(mark)).toEqual([])
  }
})

it('ends what has outlived the program that started it', async () => {
  const { mark, ended } = await shell('(setsid sleep 600 &); echo started')
  await ended
  expect(marked(mark)).toHaveLength(1)
  container(mark).sweep()
  expect(marked(mark)).toEqual([])
})
