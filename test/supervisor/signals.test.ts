import { describe, expect, it, vi } from 'vitest'
import { PROGRAM, said, told, useGate } from './support/gate.ts'

vi.setConfig({ testTimeout: 60_000 })

const gate = useGate()

/** A shell that runs the program as its child, and does not pass signals on. */
const WRAPPED = ['sh', '-c', `trap 'echo shell' TERM HUP; "$@" & wait; wait; wait`, 'sh', ...PROGRAM]

describe('signals', () => {
  it.each(['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGTSTP', 'SIGCONT', 'SIGWINCH'] as const)(
    '%s is passed on to the program, and the supervisor goes on',
    async (signal) => {
      const app = gate.run(PROGRAM)
      await app.saw(/^up/)
      app.kill(signal)
      await told(app, 'up', `got ${signal}`)
      await gate.deployer.beaten()
      expect(await gate.deployer.row()).toMatchObject({ state: 'running' })
      app.kill('SIGUSR2')
      expect(await app.ended).toEqual({ code: 0, signal: null })
    },
  )

  it('end the supervisor when they end the program', async () => {
    const app = gate.run(['sh', '-c', 'echo up; while :; do sleep 0.05; done'])
    await app.saw(/^up/)
    app.kill('SIGINT')
    expect(await app.ended).toEqual({ code: null, signal: 'SIGINT' })
    expect(await gate.deployer.row()).toMatchObject({ state: 'exited' })
  })

  it('go to the program alone', async () => {
    const app = gate.run(WRAPPED)
    await app.saw(/^up/)
    app.kill('SIGHUP')
    await told(app, 'up', 'shell')
    await gate.deployer.acquire()
    await told(app, 'up', 'shell', 'shell')
  })

  it('go to the whole group with --signal-group', async () => {
    const app = gate.run(WRAPPED, ['--signal-group'])
    await app.saw(/^up/)
    app.kill('SIGHUP')
    await expect.poll(() => said(app).toSorted()).toEqual(['got SIGHUP', 'shell', 'up'])
    await gate.deployer.acquire()
    await expect
      .poll(() => said(app).toSorted())
      .toEqual(['got SIGHUP', 'got SIGTERM', 'shell', 'shell', 'up'])
    app.kill('SIGUSR2')
    await gate.deployer.sees({ state: 'drained' })
  })
})
