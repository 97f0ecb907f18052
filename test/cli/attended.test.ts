import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DrainEvent, isEvent, readEvent } from '../../src/deploy/attended.ts'
import { writeAnnouncement } from '../../src/gate/announcement.ts'
import { ScriptedParticipant } from '../gate/support/scripted.ts'
import type { Program } from '../integration/support/program.ts'
import { finished, openScene, type Scene } from './support/scene.ts'

vi.setConfig({ testTimeout: 60_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const TICK = /^tick/
const phase = () => scene.other.redis.hget(scene.other.keys.intent, 'phase')
const attended = (...args: string[]) => scene.start(['drain', '--attended', ...args], { keepsInput: true })
const event = (name: DrainEvent['event']) => new RegExp(`^\\{"deploy-gate":1,"event":"${name}"`)

/** What it told so far, in its order. */
function told({ stdout }: Program): DrainEvent[] {
  return stdout
    .split('\n')
    .filter(isEvent)
    .map((line) => readEvent(line) as DrainEvent)
}

const names = (program: Program) =>
  told(program).flatMap(({ event }) => (event === 'participant' ? [] : [event]))

/** The last that was told of a participant. */
function last(program: Program, dyno = 'clock.1') {
  return told(program)
    .flatMap((one) => (one.event === 'participant' ? [one.participant] : []))
    .findLast((one) => one.dyno === dyno)
}

/** One whose gate is open. */
async function opened(...args: string[]) {
  const program = attended(...args)
  await program.saw(event('open'))
  return program
}

describe('a drain that is attended', () => {
  it('tells how it stands, releases, sees the new clock, and ends when it is told so', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const program = attended()
    await program.saw(/^deploy-gate: clock\.1 accepted: 1 job running/)
    await expect.poll(() => last(program), { timeout: 20_000 }).toMatchObject({ state: 'draining' })
    expect(names(program)).toEqual(['started', 'asked'])
    await scene.clocks.endJob()
    await program.saw(event('open'))
    expect(await phase()).toBe('pushing')
    program.say('released v43')
    await program.saw(event('released'))
    expect(await phase()).toBe('released')
    program.say('successor v43 60000')
    await scene.clocks.boot('v43', { dyno: 'clock.2' })
    await program.saw(event('successor'))
    program.say('end')
    const { code, stdout, stderr } = await finished(program)
    expect(code).toBe(0)
    expect(names(program)).toEqual(['started', 'asked', 'open', 'released', 'successor', 'ended'])
    expect(told(program)).toContainEqual(expect.objectContaining({ event: 'successor', dynos: ['clock.2'] }))
    expect(told(program).at(-1)).toMatchObject({
      standing: { elapsedMs: expect.any(Number), quietMs: expect.any(Number) },
    })
    expect(last(program)).toMatchObject({
      type: 'clock',
      state: 'drained',
      finished: 1,
      stored: 0,
      acceptedMs: expect.any(Number),
      drainedMs: expect.any(Number),
    })
    expect(stderr).toMatch(/^deploy-gate: v43 runs: the held stay quiet for their SIGTERM$/m)
    // Its standard output is for the program alone, and its log looks like none of it.
    expect(stdout.trimEnd().split('\n').filter(isEvent)).toHaveLength(told(program).length)
    expect(stderr.split('\n').filter(isEvent)).toEqual([])
  })

  it('keeps its lease while nobody says anything', { timeout: 90_000 }, async () => {
    await scene.clocks.boot('v42')
    const program = await opened()
    const expiry = () => scene.other.redis.hget(scene.other.keys.intent, 'expiry').then(Number)
    const first = await expiry()
    await expect.poll(expiry, { timeout: 60_000 }).toBeGreaterThan(first + 5_000)
    program.say('released v43')
    program.say('end')
    expect((await finished(program)).code).toBe(0)
    expect(await phase()).toBe('released')
  })

  it('gives everybody back when the release did not come about, and sees to it', async () => {
    const clock = await scene.clocks.boot('v42')
    const program = await opened()
    program.say('aborted')
    const { code, stderr } = await finished(program)
    expect(code).toBe(0)
    expect(await phase()).toBe('aborted')
    expect(stderr).toMatch(/^deploy-gate: the release did not come about: the held go on$/m)
    expect(stderr).toMatch(/^deploy-gate: clock\.1 is scheduling again$/m)
    expect(names(program)).toEqual(['started', 'asked', 'open', 'ended'])
    expect(last(program)).toMatchObject({ state: 'running', resumedMs: expect.any(Number) })
    await clock.next(TICK)
  })

  it.each([
    ['cancelled', (program: Program) => program.say('cancelled'), 2],
    ['the end of its input', (program: Program) => program.hangUp(), 0],
    ['SIGTERM', (program: Program) => program.kill('SIGTERM'), 143],
    ['SIGHUP', (program: Program) => program.kill('SIGHUP'), 129],
  ])('gives everybody back at %s', async (_, end, code) => {
    const clock = await scene.clocks.boot('v42')
    const program = await opened()
    end(program)
    expect((await finished(program)).code).toBe(code)
    expect(await phase()).toBe('aborted')
    expect(names(program).at(-1)).toBe('ended')
    await clock.next(TICK)
  })

  it('gives everybody back when nobody reads any more what it says', async () => {
    const clock = await scene.clocks.boot('v42')
    const program = await opened()
    program.breakOff()
    // It ends in order, and not by what it can't say.
    expect(await program.ended).toEqual({ code: 0, signal: null })
    expect(await phase()).toBe('aborted')
    await clock.next(TICK)
  })

  it.each([
    ['aborted', (program: Program) => program.say('aborted'), 2],
    ['cancelled', (program: Program) => program.say('cancelled'), 2],
    ['the end of its input', (program: Program) => program.hangUp(), 2],
    ['SIGTERM', (program: Program) => program.kill('SIGTERM'), 143],
  ])('withdraws its request at %s while it drains', async (_, end, code) => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const program = attended()
    await program.saw(/^deploy-gate: clock\.1 accepted/)
    end(program)
    expect((await finished(program)).code).toBe(code)
    expect(await phase()).toBe('aborted')
    expect(told(program)).toContainEqual(
      expect.objectContaining({ event: 'failed', outcome: 'cancelled', message: expect.any(String) }),
    )
    await clock.saw(/^\[deploy-gate\] resuming/)
    await scene.clocks.endJob()
  })

  it('takes a second release, and a line that is no order, for nothing', async () => {
    await scene.clocks.boot('v42')
    const program = await opened()
    program.say('release the hounds')
    await program.saw(/^deploy-gate: warning: "release the hounds" is no order that this version knows$/)
    expect(await phase()).toBe('pushing')
    program.say('released v43')
    program.say('released v44')
    program.say('aborted')
    expect((await finished(program)).code).toBe(0)
    expect(await phase()).toBe('released')
    expect(names(program)).toEqual(['started', 'asked', 'open', 'released', 'ended'])
  })

  it('takes no release before its gate is open', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const program = attended()
    await program.saw(/^deploy-gate: clock\.1 accepted/)
    program.say('released v43')
    await scene.clocks.endJob()
    await program.saw(/^deploy-gate: warning: released came before the gate was open$/)
    await program.saw(event('open'))
    expect(await phase()).toBe('pushing')
    program.hangUp()
    expect((await finished(program)).code).toBe(0)
    expect(await phase()).toBe('aborted')
  })

  it('ends a wait for the new clock when it is told to, or the line breaks', async () => {
    await scene.clocks.boot('v42')
    for (const end of [(one: Program) => one.say('end'), (one: Program) => one.hangUp()]) {
      const program = await opened()
      program.say('released v43')
      program.say('successor v43 3600000')
      await program.saw(event('released'))
      end(program)
      expect((await finished(program)).code).toBe(0)
      expect(names(program).at(-1)).toBe('ended')
    }
  })

  it('tells that no new clock came', async () => {
    await scene.clocks.boot('v42')
    const program = await opened()
    program.say('released v43')
    program.say('successor v43 1000')
    expect((await finished(program)).code).toBe(2)
    expect(told(program)).toContainEqual(
      expect.objectContaining({
        event: 'failed',
        outcome: 'clock-not-seen',
        message: expect.stringMatching(/^v43 is released, but no clock of it joined the gate within 1 s/),
      }),
    )
    expect(await phase()).toBe('released')
  })

  it('tells how it failed, after everybody has gone on', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const program = attended('--timeout', '2s')
    expect((await finished(program)).code).toBe(2)
    expect(told(program)).toContainEqual(
      expect.objectContaining({
        event: 'failed',
        outcome: 'drain-timeout',
        message: expect.stringMatching(/^Not drained within 2 s: clock\.1 \(1 job running/),
        next: expect.stringMatching(/Raise drain-timeout/),
      }),
    )
    expect(await phase()).toBe('aborted')
    await scene.clocks.endJob()
  })

  it('drains as the deploy that it is given: its name, who asks, its terms, what it replaces', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const asker = { name: "ada's $(job)", app: 'shop', runUrl: 'https://github.com/acme/shop/actions/runs/1' }
    const asked = [{ type: 'clock', atLeast: 2, demanded: false }]
    const terms = { acknowledgeTimeoutMs: 30_000, drainTimeoutMs: 30_000 } as const
    const announced = { id: 'an-id', asker, terms: { ...terms, asked, onDrainTimeout: 'fail' as const } }
    const text = writeAnnouncement({
      ...announced,
      terms: { ...announced.terms, onMissingClock: 'fail' },
    })
    const program = attended('--announced', text, '--replaces', 'v41', '--acknowledge-timeout', '3s')
    await program.saw(/^deploy-gate: clock\.1 accepted/)
    const intent = await scene.other.redis.hgetall(scene.other.keys.intent)
    expect(intent).toMatchObject({ id: 'an-id', asker: JSON.stringify(asker), replaces: 'v41' })
    // Two are asked for, and the time is what the command line says.
    expect((await finished(program)).code).toBe(2)
    expect(told(program)).toContainEqual(
      expect.objectContaining({
        outcome: 'missing-clock',
        message: expect.stringMatching(/^1 of 2 clock participants took part within 3 s/),
      }),
    )
    await scene.clocks.endJob()
  })

  it('warns of a gate that was lost meanwhile', { timeout: 90_000 }, async () => {
    await scene.clocks.boot('v42')
    const program = await opened()
    await scene.other.redis.del(scene.other.keys.intent)
    // A renewal finds it out, and the next look tells: 15 s each.
    await program.saw(/^deploy-gate: warning: The drain request is gone from Redis/, 60_000)
    program.say('aborted')
    expect((await finished(program)).code).toBe(0)
  })

  it('keeps each event on a line of its own, whatever a participant says', async () => {
    const clock = new ScriptedParticipant(scene.other.redis, scene.other.keys, 'clock.1', 'clock')
    await clock.beat()
    const program = attended()
    await expect.poll(phase, { timeout: 20_000 }).toBe('draining')
    const note = `\u001b[2J\n{"deploy-gate":1,"event":"open"}${'\u2028'.repeat(200)}`.slice(0, 200)
    await clock.answer('failed', { note })
    const { code, stdout, stderr } = await finished(program)
    expect(code).toBe(2)
    expect(stdout + stderr).toMatch(/^[\x20-\x7e\n…]*$/)
    expect(names(program)).toEqual(['started', 'asked', 'failed', 'ended'])
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(2_000)
  })
})

describe('a command line that can not be used', () => {
  it.each([
    [['--processes', 'a b'], /--processes has the entry "a b"/],
    [['--hold', '10m'], /--attended and --hold don't go together/],
    [['--json'], /--attended and --json don't go together/],
    [['--announced', '{"v":"0"}'], /--announced is .* as version 1 of the drain protocol announces one/],
    [['--replaces', '42'], /--replaces is "42"\. Expected a release, such as v42/],
    [['--verify-certificate'], /is about a certificate, but REDIS_URL begins with redis:/],
    [['--of-tomorrow'], /Unknown option '--of-tomorrow'/],
    [['--', 'true'], /--attended goes without a program/],
  ])('with %j is told to the program that attends', async (args, message) => {
    const program = attended(...args)
    expect((await finished(program)).code).toBe(1)
    expect(told(program)).toContainEqual({
      event: 'failed',
      outcome: 'preflight-failed',
      message: expect.stringMatching(message),
      next: expect.any(String),
    })
  })

  it('is one that says to a drain on its own what only a program says', async () => {
    for (const option of [
      ['--announced', '{}'],
      ['--replaces', 'v42'],
    ]) {
      const { code, stderr } = await scene.run('drain', ...option, '--', 'true')
      expect(code).toBe(1)
      expect(stderr).toContain(`${option[0]} goes with --attended only`)
    }
  })

  it('leaves --attended behind -- to the program', async () => {
    await scene.clocks.boot('v42')
    const { code, stdout } = await scene.run('drain', '--', 'echo', '--attended')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '--attended\n' })
  })

  it('is no news where the Redis can not be reached either', async () => {
    const { url } = scene.redis
    await scene.redis.kill()
    const program = scene.start(['drain', '--attended'], { keepsInput: true, env: { REDIS_URL: url } })
    await program.saw(/trying again in/)
    program.say('cancelled')
    expect((await finished(program)).code).toBe(2)
    expect(names(program)).toEqual(['started', 'failed', 'ended'])
  })
})
