import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { Program } from '../integration/support/program.ts'
import { logged, PROGRAM, said, told, useGate } from './support/gate.ts'

vi.setConfig({ testTimeout: 60_000 })

const gate = useGate()

const sh = (script: string) => ['sh', '-c', script]

/** Ends what the test has asked for with `gate.run`, and tells how: as a shell shows it. */
async function codeOf(app: Program): Promise<number> {
  const { code, signal } = await app.ended
  return signal === null ? (code as number) : 128 + constants.signals[signal]
}

/** Ids of its child processes, zombies included. */
const childrenOf = ({ pid }: Program) =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/ +/).map(Number))
    .flatMap(([child, parent]) => (parent === pid ? [child] : []))

describe('a program that ends by itself', () => {
  it.each([
    ['with code 0', 'exit 0', { code: 0, signal: null }],
    ['with code 3', 'exit 3', { code: 3, signal: null }],
    ['by SIGTERM', 'kill -s TERM $$', { code: null, signal: 'SIGTERM' }],
    ['by SIGKILL', 'kill -s KILL $$', { code: null, signal: 'SIGKILL' }],
    ['by SIGUSR1', 'kill -s USR1 $$', { code: null, signal: 'SIGUSR1' }],
    ['by SIGPIPE, which Node itself ignores', 'kill -s PIPE $$', { code: 141, signal: null }],
  ])('%s ends the supervisor in the same way, after a goodbye', async (_, script, ending) => {
    const app = gate.run(sh(`echo at work; ${script}`))
    expect(await app.ended).toEqual(ending)
    expect(said(app)).toEqual(['at work'])
    const row = await gate.deployer.row()
    expect(row).toMatchObject({ state: 'exited', running: 0 })
    expect(logged(app)).toEqual([row?.note])
  })

  it('right after a resume is not started again: that it crashes is for Heroku to see', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gate-once-'))
    const app = gate.run(
      sh(`[ -e ${folder}/once ] && exit 7; : >${folder}/once
          trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done`),
    )
    await app.saw(/^up/)
    const owner = await gate.deployer.acquire()
    await gate.deployer.sees({ state: 'drained' })
    await gate.deployer.finish(owner, 'aborted')
    expect(await codeOf(app)).toBe(7)
    expect(await gate.deployer.row()).toMatchObject({ state: 'exited' })
    rmSync(folder, { recursive: true })
  })

  it('has what it leaves in its group ended too, by SIGKILL if need be, and leaves neither orphan nor zombie', async () => {
    const app = gate.run(
      sh(`trap 'exit 5' USR1
          sh -c 'trap "" TERM; echo deaf; while :; do sleep 1; done' &
          sh -c 'trap "echo heard; exit" TERM; echo ready; while :; do sleep 0.05; done' &
          while :; do sleep 0.05; done`),
    )
    await app.saw(/^deaf/)
    await app.saw(/^ready/)
    app.kill('SIGUSR1')
    expect(await codeOf(app)).toBe(5)
    expect(gate.processes()).toEqual([])
    expect(said(app)).toContain('heard')
    expect(app.lines.find((line) => /left .* behind\. Ending that too\.$/.test(line))).toBeDefined()
  })
})

describe('a program that can not be started', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gate-start-'))
  const file = join(folder, 'not-executable')
  writeFileSync(file, '#!/bin/sh\n', { mode: 0o644 })
  const orphaned = join(folder, 'without-interpreter')
  writeFileSync(orphaned, '#!/nowhere/sh\n')
  chmodSync(orphaned, 0o755)

  it.each([
    ['no-such-program', 127, /^no-such-program can't be started: no folder of PATH has such a program/],
    [join(folder, 'absent'), 127, /absent can't be started: there is no such file/],
    [orphaned, 127, /or the interpreter that its first line names is missing$/],
    [file, 126, /not-executable can't be started: it is not executable$/],
    [folder, 126, /can't be started: it is not executable$/],
  ])('%s ends with %i and one line', async (program, code, line) => {
    const app = gate.run([program, 'argument'])
    expect(await app.ended).toEqual({ code, signal: null })
    expect(logged(app)).toEqual([expect.stringMatching(line)])
    expect(await gate.deployer.row()).toMatchObject({ state: 'exited' })
  })
})

describe('SIGTERM', () => {
  it.each([
    ['with its own code', 'exit 9', { code: 9, signal: null }],
    ['by the same signal', 'trap - TERM; kill -s TERM $$', { code: null, signal: 'SIGTERM' }],
  ])('is passed on at once, and the supervisor ends as the program does: %s', async (_, last, ending) => {
    const app = gate.run(sh(`trap 'echo told; sleep 1; ${last}' TERM; echo up; while :; do sleep 0.05; done`))
    await app.saw(/^up/)
    app.kill('SIGTERM')
    await app.saw(/^told/)
    await gate.deployer.sees({ state: 'draining', running: 1 })
    expect(await app.ended).toEqual(ending)
    expect(said(app)).toEqual(['up', 'told'])
    expect(await gate.deployer.row()).toMatchObject({ state: 'exited', running: 0 })
  })

  it('a second time is passed on too: somebody insists', async () => {
    const app = gate.run(PROGRAM, ['--force-signal', 'QUIT'])
    await app.saw(/^up/)
    app.kill('SIGTERM')
    await app.saw(/^got SIGTERM/)
    app.kill('SIGTERM')
    await told(app, 'up', 'got SIGTERM', 'got SIGTERM')
    app.kill('SIGUSR2')
    expect(await codeOf(app)).toBe(0)
  })

  it('during a drain is not passed on: the program was asked, and a second one would make many drop their jobs', async () => {
    const app = gate.run(PROGRAM, [], { CODE: '4' })
    await app.saw(/^up/)
    const owner = await gate.deployer.acquire()
    await app.saw(/^got SIGTERM/)
    app.kill('SIGTERM')
    // What comes after it in order was passed on, so it was not.
    app.kill('SIGHUP')
    await told(app, 'up', 'got SIGTERM', 'got SIGHUP')
    await gate.deployer.finish(owner, 'aborted')
    await gate.deployer.beaten()
    app.kill('SIGUSR2')
    expect(await codeOf(app)).toBe(4)
    expect(said(app)).toEqual(['up', 'got SIGTERM', 'got SIGHUP', 'job finished'])
    expect(await gate.deployer.row()).toMatchObject({ state: 'exited' })
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)(
    'and its like end a held supervisor at once, and nothing is started: %s',
    async (signal) => {
      const app = gate.run(PROGRAM)
      await app.saw(/^up/)
      const owner = await gate.deployer.acquire()
      await app.saw(/^got SIGTERM/)
      app.kill('SIGUSR2')
      await gate.deployer.sees({ state: 'drained' })
      app.kill(signal)
      expect(await app.ended).toEqual({ code: null, signal })
      expect(await gate.deployer.row()).toMatchObject({ state: 'exited', epoch: owner.epoch })
      expect(said(app)).toEqual(['up', 'got SIGTERM', 'job finished'])
    },
  )

  it('ends a supervisor that is held since its boot', async () => {
    await gate.deployer.acquire()
    const app = gate.run(PROGRAM)
    await gate.deployer.sees({ state: 'drained' })
    app.kill('SIGUSR1')
    app.kill('SIGTERM')
    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(said(app)).toEqual([])
    expect(await gate.deployer.row()).toMatchObject({ state: 'exited' })
  })

  it('ends a supervisor that still waits for an answer at the barrier', async () => {
    gate.redis.pause()
    try {
      const app = gate.run(PROGRAM)
      // It has connected, and listens for signals since before that.
      await app.saw(/can't be reached/)
      app.kill('SIGTERM')
      expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' })
      expect(said(app)).toEqual([])
    } finally {
      gate.redis.resume()
    }
  })
})

describe('no zombie', () => {
  it('is left of one run of the program while it is held, nor during the next', async () => {
    const app = gate.run(PROGRAM)
    await app.saw(/^up/)
    const owner = await gate.deployer.acquire()
    await app.saw(/^got SIGTERM/)
    app.kill('SIGUSR2')
    await gate.deployer.sees({ state: 'drained' })
    expect(childrenOf(app)).toEqual([])
    await gate.deployer.finish(owner, 'aborted')
    await told(app, 'up', 'got SIGTERM', 'job finished', 'up')
    expect(childrenOf(app)).toHaveLength(1)
  })
})
