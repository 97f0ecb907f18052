import { describe, expect, it, vi } from 'vitest'
import type { Program } from '../integration/support/program.ts'
import { LIMIT } from '../participant/support/lines.ts'
import { PROGRAM, said, told, useGate } from './support/gate.ts'

vi.setConfig({ testTimeout: 60_000 })

const gate = useGate()

describe('a drain', () => {
  it('asks the program to end, waits for its job, and acknowledges when it has ended', async () => {
    const app = gate.run(PROGRAM, [], { CODE: '3' })
    await app.saw(/^up/)
    const { epoch } = await gate.deployer.acquire()
    await app.saw(/^got SIGTERM/)
    await gate.deployer.sees({ state: 'draining', running: 1, epoch })
    app.kill('SIGUSR2')
    const row = await gate.deployer.sees({ state: 'drained', running: 0, finished: 0, stored: 0, epoch })
    expect(row.note).toMatch(/^node .*program\.mjs ended with code 3$/)
    await told(app, 'up', 'got SIGTERM', 'job finished')
    expect(app.lines.filter((line) => line.startsWith('[deploy-gate]'))).toEqual([
      '[deploy-gate] a deploy asks to drain: starting nothing new',
      expect.stringMatching(/^\[deploy-gate\] asked node \S+program\.mjs to end \(SIGTERM, pid \d+\)$/),
      expect.stringMatching(/^\[deploy-gate\] node \S+program\.mjs ended with code 3$/),
      '[deploy-gate] drained: 0 finished, 0 stored',
    ])
  })

  it('that is withdrawn afterwards has the program started again, and can come again', async () => {
    const app = gate.run(PROGRAM)
    for (let turn = 1; turn <= 2; turn++) {
      const times = (what: string) => said(app).filter((line) => line === what).length
      await expect.poll(() => times('up'), LIMIT).toBe(turn)
      const owner = await gate.deployer.acquire()
      await expect.poll(() => times('got SIGTERM'), LIMIT).toBe(turn)
      app.kill('SIGUSR2')
      await gate.deployer.sees({ state: 'drained', epoch: owner.epoch })
      // The only process is the supervisor: held, and alive.
      expect(gate.processes()).toEqual([app.pid])
      await gate.deployer.finish(owner, 'aborted')
    }
    await told(app, ...['up', 'got SIGTERM', 'job finished', 'up', 'got SIGTERM', 'job finished', 'up'])
    await gate.deployer.sees({ state: 'running' })
  })

  it('that lapses has the program started again', async () => {
    const app = gate.run(PROGRAM)
    await app.saw(/^up/)
    await gate.deployer.acquire({ leaseMs: 3_000 })
    await app.saw(/^got SIGTERM/)
    app.kill('SIGUSR2')
    await told(app, 'up', 'got SIGTERM', 'job finished', 'up')
  })

  it('that is withdrawn while the program still works waits for its end, and then starts it anew', async () => {
    const app = gate.run(PROGRAM)
    await app.saw(/^up/)
    const owner = await gate.deployer.acquire()
    await app.saw(/^got SIGTERM/)
    await gate.deployer.finish(owner, 'aborted')
    await app.saw(/was asked to end: it is started again when it has/)
    await gate.deployer.sees({ state: 'running' })
    expect(gate.processes()).toHaveLength(2)
    app.kill('SIGUSR2')
    await told(app, 'up', 'got SIGTERM', 'job finished', 'up')
    const pids = app.lines.filter((line) => line.startsWith('up'))
    expect(new Set(pids).size).toBe(2)
  })

  it('that follows while the program still works for the one before does not ask it twice, nor start it', async () => {
    const app = gate.run(PROGRAM)
    await app.saw(/^up/)
    const first = await gate.deployer.acquire()
    await app.saw(/^got SIGTERM/)
    await gate.deployer.finish(first, 'aborted')
    await gate.deployer.sees({ state: 'running' })
    const second = await gate.deployer.acquire()
    await gate.deployer.sees({ state: 'draining', running: 1, epoch: second.epoch })
    app.kill('SIGUSR2')
    await gate.deployer.sees({ state: 'drained', epoch: second.epoch })
    expect(said(app)).toEqual(['up', 'got SIGTERM', 'job finished'])
    expect(gate.processes()).toEqual([app.pid])
    await gate.deployer.finish(second, 'aborted')
    await told(app, 'up', 'got SIGTERM', 'job finished', 'up')
  })

  it('sends the signal that it is told to', async () => {
    const app = gate.run(PROGRAM, ['--drain-signal', 'int'])
    await app.saw(/^up/)
    await gate.deployer.acquire()
    await app.saw(/^got SIGINT/)
    app.kill('SIGUSR2')
    await gate.deployer.sees({ state: 'drained' })
    await told(app, 'up', 'got SIGINT', 'job finished')
  })
})

describe('the boot barrier', () => {
  it('keeps the program from being started into a drain', async () => {
    const owner = await gate.deployer.acquire()
    const app = gate.run(PROGRAM)
    await gate.deployer.sees({ state: 'drained' })
    await gate.deployer.commit(owner)
    expect(gate.processes()).toEqual([app.pid])
    await gate.deployer.finish(owner, 'aborted')
    await app.saw(/^up/)
  })

  it('opens after 5 s when Redis does not answer, and the program joins when it does', async () => {
    gate.redis.pause()
    let app: Program
    try {
      app = gate.run(PROGRAM)
      await app.saw(/^up/)
      expect(app.lines.filter((line) => /up|starting/.test(line))).toEqual([
        '[deploy-gate] Redis did not answer at boot; starting without the gate, and joining as soon as it does',
        expect.stringMatching(/^up/),
      ])
    } finally {
      gate.redis.resume()
    }
    await gate.deployer.sees({ state: 'running' })
    await gate.deployer.acquire()
    await app.saw(/^got SIGTERM/)
  })
})

describe('what the program leaves of its process group', () => {
  /** Ends at SIGTERM, and leaves a shell behind that ends at a SIGTERM of its own. */
  const LEAVING = [
    'sh',
    '-c',
    `sh -c 'trap "echo rest told; exit" TERM; echo rest up; while :; do sleep 0.05; done' 2>/dev/null &
     trap 'echo ended; exit 4' TERM; while :; do sleep 0.05; done`,
  ]

  async function leave() {
    const app = gate.run(LEAVING)
    await app.saw(/^rest up/)
    const owner = await gate.deployer.acquire()
    await app.saw(/^ended/)
    const behind = {
      state: 'draining',
      note: expect.stringContaining('behind') as unknown as string,
    } as const
    return { app, owner, row: await gate.deployer.sees(behind) }
  }

  it('is waited for, and the deploy is told of it', async () => {
    const { app, row } = await leave()
    expect(row).toMatchObject({ running: 1 })
    expect(row.note).toMatch(/^sh ended with code 4, and left \d process(es)? \(\d+ sh.*\) behind$/)
    await app.saw(
      /^\[deploy-gate\] sh left .* behind\. Waiting for its end\. If that is the program itself, put exec/,
    )
    await gate.deployer.beaten()
    expect(said(app)).not.toContain('rest told')
    for (const pid of gate.processes()) if (pid !== app.pid) process.kill(pid, 'SIGKILL')
    expect((await gate.deployer.sees({ state: 'drained' })).note).toBe('sh ended with code 4')
  })

  it('is told to end when the drain is withdrawn, and only then the program is started again', async () => {
    const { app, owner } = await leave()
    await gate.deployer.finish(owner, 'aborted')
    await told(app, 'rest up', 'ended', 'rest told', 'rest up')
  })

  it('is told to end when the supervisor is', async () => {
    const { app } = await leave()
    app.kill('SIGTERM')
    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(said(app)).toEqual(['rest up', 'ended', 'rest told'])
    expect(await gate.deployer.row()).toMatchObject({ state: 'exited' })
  })
})
