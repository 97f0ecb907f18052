import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { processes } from '../heroku/support/processes.ts'
import { LIMIT } from '../participant/support/lines.ts'
import { logged, PROGRAM, said, told, useGate } from './support/gate.ts'

vi.setConfig({ testTimeout: 90_000 })

const gate = useGate()

describe('a drain whose time is up', () => {
  it('sends the drain signal a second time', async () => {
    const app = gate.run(PROGRAM)
    await app.saw(/^up/)
    const owner = await gate.deployer.acquire()
    await gate.deployer.force(owner)
    await told(app, 'up', 'got SIGTERM', 'got SIGTERM')
    app.kill('SIGUSR2')
    expect((await gate.deployer.sees({ state: 'drained' })).note).toMatch(/ended with code 0$/)
  })

  it('kills the program and what it has started, in whatever session, and says that jobs may be lost', async () => {
    const worker = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('worker up ' + process.pid)`
    const parent = `process.on('SIGTERM', () => console.log('deaf')); setInterval(() => {}, 1e6)
      for (const detached of [true, false])
        require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(worker)}], { detached, stdio: 'inherit' })`
    const app = gate.run([process.execPath, '-e', parent], ['--kill-after', '1s'])
    const workers = () => app.lines.filter((line) => line.startsWith('worker up'))
    await expect.poll(workers, LIMIT).toHaveLength(2)
    const owner = await gate.deployer.acquire()
    await gate.deployer.force(owner)
    const { note } = await gate.deployer.sees({ state: 'drained', running: 0, finished: 0, stored: 0 })
    expect(note).toBe('node was killed, since it did not end: its jobs may be lost')
    const pids = workers().map((line) => Number(line.split(' ').at(-1)))
    expect(processes().filter(({ pid }) => pids.includes(pid))).toEqual([])
    expect(gate.processes()).toEqual([app.pid])
    expect(logged(app)).toEqual(
      expect.arrayContaining([
        'time is up: sending SIGTERM to node',
        'node did not end within 1 s: killing it',
        'node was ended by SIGKILL',
      ]),
    )
    // Held like any other, it comes back.
    await gate.deployer.finish(owner, 'aborted')
    await expect.poll(workers, LIMIT).toHaveLength(4)
  })

  it('also kills what a program that ended has left of its group', async () => {
    const app = gate.run(
      [
        'sh',
        '-c',
        `sh -c 'trap "" TERM; echo deaf; while :; do sleep 0.1; done' & trap 'exit 0' TERM; wait; wait`,
      ],
      ['--kill-after', '1s'],
    )
    await app.saw(/^deaf/)
    const owner = await gate.deployer.acquire()
    await gate.deployer.force(owner)
    const { note } = await gate.deployer.sees({ state: 'drained' })
    expect(note).toBe('sh ended with code 0; what it left behind was killed: its jobs may be lost')
    expect(gate.processes()).toEqual([app.pid])
  })

  it('sends the signal that it is told to, and kills nobody when the drain is withdrawn before that', async () => {
    const app = gate.run(PROGRAM, ['--force-signal', 'SIGQUIT', '--kill-after', '2s'])
    await app.saw(/^up/)
    const owner = await gate.deployer.acquire()
    await gate.deployer.force(owner)
    await told(app, 'up', 'got SIGTERM', 'got SIGQUIT')
    await gate.deployer.finish(owner, 'aborted')
    await app.saw(/is started again when it has/)
    await sleep(3_000)
    expect(said(app)).toEqual(['up', 'got SIGTERM', 'got SIGQUIT'])
    expect(logged(app).some((line) => line.includes('killing'))).toBe(false)
    app.kill('SIGUSR2')
    await told(app, 'up', 'got SIGTERM', 'got SIGQUIT', 'job finished', 'up')
  })
})

describe('after SIGTERM', () => {
  it('the force signal comes in the end, and no SIGKILL before that of Heroku', async () => {
    const app = gate.run(PROGRAM, ['--kill-after', '1s'])
    await app.saw(/^up/)
    app.kill('SIGTERM')
    await expect
      .poll(() => said(app), { ...LIMIT, timeout: 60_000 })
      .toEqual(['up', 'got SIGTERM', 'got SIGTERM'])
    await sleep(4_000)
    app.kill('SIGUSR2')
    expect(await app.ended).toEqual({ code: 0, signal: null })
    expect(said(app)).toEqual(['up', 'got SIGTERM', 'got SIGTERM', 'job finished'])
  })

  it('a kill that was due for the drain before it does not come', async () => {
    const app = gate.run(PROGRAM, ['--kill-after', '2s'])
    await app.saw(/^up/)
    const owner = await gate.deployer.acquire()
    await gate.deployer.force(owner)
    await told(app, 'up', 'got SIGTERM', 'got SIGTERM')
    app.kill('SIGTERM')
    await sleep(4_000)
    app.kill('SIGUSR2')
    expect(await app.ended).toEqual({ code: 0, signal: null })
  })
})
