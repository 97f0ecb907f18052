import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, it } from 'vitest'
import {
  descendantsOf,
  describe as inWords,
  membersOf,
  processTable,
} from '../../src/process/process-table.ts'
import { signalGroup } from '../../src/process/signal-group.ts'
import { LIMIT } from '../participant/support/lines.ts'

const started: ChildProcess[] = []
const others: number[] = []
afterEach(async () => {
  for (const pid of others.splice(0)) process.kill(pid, 'SIGKILL')
  for (const child of started.splice(0)) {
    signalGroup(child.pid as number, 'SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
})

/** Runs a shell in a group of its own; resolves with its process id and the first line that it prints. */
async function shell(script: string, file = 'sh'): Promise<{ pid: number; line: string }> {
  const child = spawn(file, ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  started.push(child)
  const [line] = await once(createInterface(child.stdout), 'line')
  return { pid: child.pid as number, line }
}

it('tells the members of a group, and whom a process has started in other sessions', async () => {
  const { pid, line } = await shell('sleep 600 & setsid sleep 600 & echo $!; wait')
  const other = Number(line)
  others.push(other)
  await expect.poll(() => descendantsOf(pid).filter(({ name }) => name === 'sleep'), LIMIT).toHaveLength(2)
  expect(descendantsOf(pid).find((one) => one.pid === other)).toMatchObject({ group: other })
  expect(
    membersOf(pid)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(['sh', 'sleep'])
  expect(membersOf(pid).find((one) => one.pid === pid)).toMatchObject({ parent: process.pid, group: pid })
})

it('leaves out zombies, of which a group may hold some for as long as nobody waits for them', async () => {
  // exec: the program that takes the place of the shell knows nothing of its child.
  const { pid, line } = await shell('sleep 0.2 & echo $!; exec sleep 600')
  await expect.poll(() => processTable().some((one) => one.pid === Number(line)), LIMIT).toBe(false)
  // It is there, and can be signalled.
  expect(() => process.kill(Number(line), 0)).not.toThrow()
  expect(membersOf(pid)).toMatchObject([{ pid, name: 'sleep' }])
})

it('knows nobody in a group that is gone', async () => {
  const { pid } = await shell('echo gone')
  await expect.poll(() => membersOf(pid), LIMIT).toEqual([])
})

it('reads names with blanks and parentheses', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gate-name-'))
  const file = join(folder, 'a ) S 1 (b')
  copyFileSync('/bin/sh', file)
  const { pid } = await shell('echo up; while :; do sleep 0.1; done', file)
  expect(membersOf(pid).find((one) => one.pid === pid)).toMatchObject({
    name: 'a ) S 1 (b',
    parent: process.pid,
  })
  rmSync(folder, { recursive: true })
})

it('names three of them at the most', () => {
  const all = [1, 2, 3, 4].map((pid) => ({ pid, parent: 1, group: 1, name: `p${pid}` }))
  expect(inWords(all.slice(0, 1))).toBe('1 process (1 p1)')
  expect(inWords(all.slice(0, 3))).toBe('3 processes (1 p1, 2 p2, 3 p3)')
  expect(inWords(all)).toBe('4 processes (1 p1, 2 p2, 3 p3, …)')
})
