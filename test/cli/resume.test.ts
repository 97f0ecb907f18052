import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ScriptedParticipant } from '../gate/support/scripted.ts'
import { finished, openScene, type Scene } from './support/scene.ts'

vi.setConfig({ testTimeout: 60_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const TICK = /^tick/
const phase = () => scene.other.redis.hget(scene.other.keys.intent, 'phase')
const resume = (...options: string[]) => scene.run('resume', ...options)

describe('a hold that was left', () => {
  it('is ended, and everybody is seen to go on', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.run('drain', '--hold', '10m', '--by', 'alice, on call')
    const { code, stdout, stderr } = await resume('--json')
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /^deploy-gate: ending the drain of alice, on call \(phase pushing, asked for .* ago\)\n/m,
    )
    expect(stderr).toMatch(/^deploy-gate: clock\.1 is scheduling again$/m)
    expect(JSON.parse(stdout)).toEqual({
      gate: 'default',
      ended: true,
      phase: 'pushing',
      asker: { name: 'alice, on call', holds: true },
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      resumed: ['clock.1'],
      waiting: [],
    })
    expect(await phase()).toBe('aborted')
    await clock.next(TICK)
    expect(await resume('--json')).toMatchObject({
      code: 0,
      stdout: '{"gate":"default","ended":false,"resumed":[],"waiting":[]}\n',
      stderr: expect.stringMatching(/^deploy-gate: no drain is in force at the gate "default"$/m),
    })
  })

  it('that holds nobody is ended too', async () => {
    await scene.run('drain', '--on-missing-clock', 'deploy', '--timeout', '1s')
    expect(await resume()).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^deploy-gate: nobody was held$/m),
    })
    expect(await phase()).toBe('aborted')
  })

  describe('by a clock that does not go on', () => {
    async function held() {
      const clock = new ScriptedParticipant(scene.other.redis, scene.other.keys, 'clock.7', 'clock')
      await clock.beat()
      const program = scene.start(['drain', '--hold', '10m'])
      await expect.poll(phase, { timeout: 20_000 }).toBe('draining')
      const { epoch } = await clock.answer('drained')
      await expect.poll(phase, { timeout: 20_000 }).toBe('pushing')
      const beat = () => clock.beat({ state: 'drained', epoch })
      await beat()
      await program.ended
      await beat()
      return beat
    }

    it('is told of it by name', async () => {
      const beat = await held()
      const beating = setInterval(() => void beat(), 1_000)
      const { code, stdout, stderr } = await resume('--json').finally(() => clearInterval(beating))
      expect(code).toBe(2)
      expect(JSON.parse(stdout)).toMatchObject({ ended: true, resumed: [], waiting: ['clock.7'] })
      expect(stderr).toMatch(/^deploy-gate: warning: clock\.7 has not said .*heroku logs --dyno clock\.7$/m)
    })

    it('and is not heard of any more, is told of that', async () => {
      await held()
      const { code, stderr } = await resume()
      expect(code).toBe(2)
      expect(stderr).toMatch(/^deploy-gate: warning: clock\.7 has not been heard of any more: .*heroku ps$/m)
    })
  })
})

describe('the drain of a deploy', () => {
  it('that is at work is left alone, and ended with --force', async () => {
    const clock = await scene.clocks.boot('v42')
    const deploy = scene.start(['drain', '--by', 'bob', '--', 'sleep', '60'])
    await deploy.saw(/the gate is open/)
    const refused = await resume()
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(
      /^deploy-gate resume: A deploy is at work: the drain of bob \(phase pushing, .*Its push is under way/m,
    )
    expect(refused.stderr).toMatch(/add --force\.$/m)
    expect(await phase()).toBe('pushing')
    expect((await resume('--force')).code).toBe(0)
    expect(await phase()).toBe('aborted')
    await clock.next(TICK)
    // First to the command, then to all of it.
    deploy.kill('SIGTERM')
    expect((await deploy.ended).code).toBe(143)
  })

  it('that still drains is at work, also if it is to be a hold', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const drain = scene.start(['drain', '--hold', '10m'])
    await drain.saw(/^deploy-gate: clock\.1 accepted/)
    const refused = await resume()
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/phase draining, .*It would fail\.$/m),
    })
    expect(await phase()).toBe('draining')
    await scene.clocks.endJob()
    expect((await finished(drain)).code).toBe(0)
  })

  it('that has gone is ended before its lease is over', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.other.acquire({ leaseMs: 180_000 })
    await scene.other.sees({ state: 'drained' })
    // As if it had been renewed for the last time 50 s ago.
    const { intent } = scene.other.keys
    const expiry = Number(await scene.other.redis.hget(intent, 'expiry'))
    await scene.other.redis.hset(intent, { expiry: expiry - 50_000, given: expiry - 230_000 })
    expect(await resume()).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/clock\.1 is scheduling again/),
    })
    await clock.next(TICK)
  })

  it('that speaks another version is left alone', async () => {
    await scene.other.acquire()
    await scene.other.redis.hset(scene.other.keys.intent, 'v', '2')
    expect(await resume('--force')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/in force is of version 2 .* speaks version 1\./),
    })
    expect(await phase()).toBe('draining')
  })
})

it('only its own gate is touched', async () => {
  await scene.other.acquire()
  const result = await resume('--gate', 'office', '--force')
  expect(result).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('no drain is in force at the gate "office"'),
  })
  expect(await phase()).toBe('draining')
})

it('waits for a clock that can not hear the doorbell', async () => {
  await scene[Symbol.asyncDispose]()
  // A server from before RESP3, on which nobody can listen and send.
  scene = await openScene({ config: ['rename-command HELLO ""'] })
  const clock = await scene.clocks.boot('v42')
  await scene.run('drain', '--hold', '1m')
  const { code, stderr } = await resume()
  expect(code).toBe(0)
  expect(stderr).toMatch(/clock\.1 is scheduling again/)
  await clock.next(TICK)
})
