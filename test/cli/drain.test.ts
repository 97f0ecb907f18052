import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ScriptedParticipant } from '../gate/support/scripted.ts'
import { processes } from '../heroku/support/processes.ts'
import { finished, openScene, type Scene } from './support/scene.ts'

vi.setConfig({ testTimeout: 60_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

/** No command of a test outlives it by more than this, whatever happens. */
const LOOP = 'n=0; while [ $n -lt 900 ]; do sleep 0.1; n=$((n+1)); done'
const UNTIL_END = 'echo begun; n=0; while [ ! -e end ] && [ $n -lt 900 ]; do sleep 0.1; n=$((n+1)); done'
const end = () => writeFileSync(join(scene.folder, 'end'), '')
const TICK = /^tick/
const intent = () => scene.other.redis.hgetall(scene.other.keys.intent)
const phase = async () => (await intent()).phase
const shell = (script: string) => ['--', 'sh', '-c', script]
const lastLine = (text: string) => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')

describe('a drain with a command', () => {
  it('runs it when the last job has finished, and leaves the clock quiet after its success', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const program = scene.start(['drain', '--json', ...shell('echo pushed; echo moaned >&2')])
    await program.saw(/^deploy-gate: clock\.1 accepted: 1 job running.*counting boxes/)
    expect(program.stdout).toBe('')
    await scene.clocks.endJob()
    const { code, stdout, stderr } = await finished(program)
    expect(code).toBe(0)
    await clock.saw(/^job 1 finished/)
    const ticks = clock.lines.filter((line) => TICK.test(line)).length
    expect(stdout).toMatch(/^pushed\n\{.*\}\n$/)
    expect(stderr).toMatch(/^moaned$/m)
    expect(lastLine(stdout)).toMatchObject({
      gate: 'default',
      outcome: 'released',
      command: { code: 0 },
      participants: [{ dyno: 'clock.1', type: 'clock', state: 'drained', finished: 1, stored: 0 }],
      jobsFinished: 1,
      jobsStored: 0,
      drainSeconds: expect.any(Number),
      quietSeconds: expect.any(Number),
    })
    expect(await phase()).toBe('released')
    await scene.other.beaten()
    expect(clock.lines.filter((line) => TICK.test(line))).toHaveLength(ticks)
  })

  it.each([
    ['fails', 'exit 3', 3, /^deploy-gate: sh ended with 3: the held were told to go on$/m],
    [
      'is ended by a signal',
      'kill -KILL $$',
      137,
      /^deploy-gate: sh was ended by SIGKILL: the held were told/m,
    ],
  ])('that %s gives its code, after the clock went back to work', async (_, script, code, told) => {
    const clock = await scene.clocks.boot('v42')
    const result = await finished(scene.start(['drain', '--json', ...shell(script)]))
    expect(result.code).toBe(code)
    expect(result.stderr).toMatch(told)
    expect(result.stderr).toMatch(/^deploy-gate: clock\.1 is scheduling again$/m)
    expect(lastLine(result.stdout)).toMatchObject({ outcome: 'command-failed', command: { code } })
    expect(await phase()).toBe('aborted')
    await clock.next(TICK)
  })

  it('passes on arguments, environment and input as they are', async () => {
    await scene.clocks.boot('v42')
    const { program, args } = { program: 'sh', args: ['-c', 'cat; echo "$COLOUR $1"', 'sh', '$HOME; *'] }
    const started = scene.start(['drain', '--', program, ...args], {
      env: { COLOUR: 'red' },
      input: 'read\n',
    })
    expect((await finished(started)).stdout).toBe('read\nred $HOME; *\n')
  })

  it.each([
    ['gti', 127, /there is no program gti on the PATH\. Nobody was asked to drain/],
    ['./here', 127, /there is no program \.\/here\. Nobody was asked/],
  ])('%s that is not there asks nobody', async (program, code, told) => {
    const result = await scene.run('drain', '--', program)
    expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(told) })
    expect(await intent()).toEqual({})
  })

  it('says loudly when its gate was lost meanwhile, and passes on its code', {
    timeout: 90_000,
  }, async () => {
    await scene.clocks.boot('v42')
    const program = scene.start(['drain', ...shell(UNTIL_END)])
    await program.saw(/^begun/)
    await scene.other.redis.del(scene.other.keys.intent)
    // A renewal finds it out, and the next look tells: 15 s each.
    await program.saw(/^deploy-gate: warning: The drain request is gone from Redis/, 60_000)
    end()
    expect((await finished(program)).code).toBe(0)
  })
})

describe('a drain that fails runs nothing, and the clock goes on', () => {
  const marking = ['--json', ...shell('touch ran')]
  async function refused(outcome: string, message: RegExp, ...options: string[]) {
    const result = await scene.run('drain', ...options, ...marking)
    expect(result.code).toBe(2)
    expect(lastLine(result.stdout)).toMatchObject({ outcome, message: expect.stringMatching(message) })
    expect(result.stderr).toMatch(/^deploy-gate drain: /m)
    expect(existsSync(join(scene.folder, 'ran'))).toBe(false)
    return result
  }

  it('because nobody is there', async () => {
    await refused('missing-clock', /^No clock took part within 2 s/, '--timeout', '2s')
  })

  it('because there are too few', async () => {
    const clock = await scene.clocks.boot('v42')
    await refused(
      'missing-clock',
      /^1 of 2 clock participants took part/,
      ...['--processes', 'clock=2', '--acknowledge-timeout', '1s'],
    )
    await clock.next(TICK)
  })

  it('because the clock refuses', async () => {
    const clock = await scene.clocks.boot('v42', { mode: 'refuse' })
    await refused('refused', /^clock\.1 refused to drain: the warehouse is being counted/)
    await clock.next(TICK)
  })

  it('because a job takes too long', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const { stderr } = await refused('drain-timeout', /^Not drained within 2 s: clock\.1/, '--timeout', '2s')
    expect(stderr).toMatch(/Raise drain-timeout .* or choose `on-drain-timeout: force`/)
    await clock.saw(/^\[deploy-gate\] resuming/)
    await scene.clocks.endJob()
    await clock.next(TICK)
  })

  it('because another one is at work, which is named and left alone', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const first = scene.start(['drain', '--by', 'alice, on call', ...shell('exit 0')])
    await first.saw(/^deploy-gate: clock\.1 accepted/)
    await refused('busy', /^Another deploy holds the gate: alice, on call\. Its lease ends in/)
    await scene.clocks.endJob()
    expect((await finished(first)).code).toBe(0)
  })
})

describe('a drain whose time is over', () => {
  const late = (how: string) =>
    scene.run('drain', '--timeout', '2s', '--on-timeout', how, ...shell('echo ran'))

  it('has the jobs stored under --on-timeout force', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    expect(await late('force')).toMatchObject({ code: 0, stdout: 'ran\n' })
    await clock.saw(/^job 1 stored/)
  })

  it('goes on over them under --on-timeout deploy, and says so', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    expect(await late('deploy')).toMatchObject({
      code: 0,
      stdout: 'ran\n',
      stderr: expect.stringMatching(/^deploy-gate: warning: Not drained within 2 s.*Deploying all the same/m),
    })
    await clock.saw(/^\[deploy-gate\] a deploy asks to drain/)
  })

  it('of an app without a clock goes on under --on-missing-clock deploy', async () => {
    expect(
      await scene.run('drain', '--timeout', '1s', '--on-missing-clock', 'deploy', ...shell('echo ran')),
    ).toMatchObject({ code: 0, stdout: 'ran\n' })
  })
})

describe('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s withdraws a drain: nothing runs, and the clock has gone on by then', async (name, code) => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const program = scene.start(['drain', '--json', ...shell('touch ran')])
    await program.saw(/^deploy-gate: clock\.1 accepted/)
    program.kill(name)
    const result = await finished(program)
    expect(result.code).toBe(code)
    expect(await scene.other.row()).toMatchObject({ state: 'running' })
    expect(await phase()).toBe('aborted')
    expect(lastLine(result.stdout)).toMatchObject({
      outcome: 'cancelled',
      message: `Interrupted by ${name}.`,
    })
    expect(existsSync(join(scene.folder, 'ran'))).toBe(false)
    await scene.clocks.endJob()
  })

  it('a second time ends a withdrawal that hangs', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const program = scene.start(['drain', ...shell('touch ran')])
    await program.saw(/^deploy-gate: clock\.1 accepted/)
    scene.redis.pause()
    program.kill('SIGINT')
    await program.saw(/^deploy-gate: SIGINT: ending in order; a second signal ends this at once$/)
    program.kill('SIGTERM')
    expect((await finished(program)).code).toBe(143)
    scene.redis.resume()
  })

  it('while it connects ends it, and nobody is asked', async () => {
    const { url } = scene.redis
    await scene.redis.kill()
    const program = scene.start(['drain', ...shell('touch ran')], { env: { REDIS_URL: url } })
    await program.saw(/trying again in/)
    program.kill('SIGINT')
    expect((await finished(program)).code).toBe(130)
  })

  it('goes to the command and all that it started, and its code decides', async () => {
    const clock = await scene.clocks.boot('v42')
    const script = `trap "echo told; exit 5" TERM; (trap "echo child told; exit" TERM; echo ready; ${LOOP}) & wait`
    const program = scene.start(['drain', ...shell(script)])
    await program.saw(/^ready/)
    program.kill('SIGTERM')
    const { code, stdout, stderr } = await finished(program)
    expect(code).toBe(5)
    expect(stdout.split('\n').sort()).toEqual(['', 'child told', 'ready', 'told'])
    expect(stderr).toMatch(/^deploy-gate: SIGTERM: passed on to the command; a second signal kills it$/m)
    expect(await phase()).toBe('aborted')
    await clock.next(TICK)
  })

  it('that the command survives does not undo its success', async () => {
    await scene.clocks.boot('v42')
    const program = scene.start(['drain', ...shell(`trap "exit 0" INT; echo ready; ${LOOP}`)])
    await program.saw(/^ready/)
    program.kill('SIGINT')
    expect((await finished(program)).code).toBe(0)
    expect(await phase()).toBe('released')
  })

  it('a second time kills a command that does not listen', async () => {
    const clock = await scene.clocks.boot('v42')
    const program = scene.start(['drain', ...shell(`trap "" INT TERM; echo ready; ${LOOP}`)])
    await program.saw(/^ready/)
    program.kill('SIGINT')
    await program.saw(/passed on to the command/)
    program.kill('SIGINT')
    const { code, stderr } = await finished(program)
    expect(code).toBe(137)
    expect(stderr).toMatch(/^deploy-gate: SIGINT again: killing the command$/m)
    await clock.next(TICK)
  })
})

describe('a drain without a command', () => {
  it('leaves everybody held for so long as it says, and says until when', async () => {
    const clock = await scene.clocks.boot('v42')
    const { code, stdout, stderr } = await scene.run('drain', '--hold', '10m', '--json')
    expect(code).toBe(0)
    const { hold, ...told } = lastLine(stdout)
    expect(told).toMatchObject({ outcome: 'held', gate: 'default', participants: [{ state: 'drained' }] })
    expect(hold).toEqual({ seconds: expect.any(Number), until: expect.any(String), untold: [] })
    expect(hold.seconds).toBeGreaterThan(500)
    expect(hold.seconds).toBeLessThanOrEqual(600)
    expect(stderr).toMatch(
      /^deploy-gate: held for (10 min|9 min \d+ s), until .*Z\. deploy-gate resume ends it earlier$/m,
    )
    const { phase, expiry, asker } = await intent()
    expect(phase).toBe('pushing')
    expect(Math.abs(Number(expiry) - Date.parse(hold.until))).toBeLessThan(60_000)
    expect(JSON.parse(asker ?? '')).toMatchObject({ holds: true })
    const ticks = clock.lines.filter((line) => TICK.test(line)).length
    await scene.other.beaten()
    expect(clock.lines.filter((line) => TICK.test(line))).toHaveLength(ticks)
  })

  it('serves a release phase: the old clock is held, the new one runs', async () => {
    const old = await scene.clocks.boot('v42')
    const release = { DYNO: 'release.1234', HEROKU_APP_NAME: 'shop', HEROKU_RELEASE_VERSION: 'v43' }
    const program = scene.start(['drain', '--hold', '10m'], { env: release })
    expect((await finished(program)).code).toBe(0)
    expect(await intent()).toMatchObject({ replaces: 'v42', asker: expect.stringContaining('release.1234') })
    const neu = await scene.clocks.boot('v43', { dyno: 'clock.2' })
    await neu.next(TICK)
    const again = await scene.clocks.boot('v42', { dyno: 'clock.3', held: true })
    expect(await scene.other.sees({ state: 'drained' }, 'clock.3')).toMatchObject({ release: 'v42' })
    expect(again.lines).toEqual(['[deploy-gate] a deploy is under way: not scheduling until it ends'])
    old.kill('SIGTERM')
    expect(await old.ended).toMatchObject({ signal: 'SIGTERM' })
  })

  it('does not stand in the way of the next one when those whom it held are gone', async () => {
    const old = await scene.clocks.boot('v42')
    expect((await scene.run('drain')).code).toBe(0)
    expect((await scene.run('drain')).code).toBe(2)
    old.kill('SIGTERM')
    await old.ended
    await scene.clocks.boot('v43')
    const { code, stderr } = await scene.run('drain')
    expect(code).toBe(0)
    expect(stderr).toMatch(/^deploy-gate: ended a hold that held nobody any more/m)
  })

  it('gives everybody back when one refuses', async () => {
    const [one, two] = [
      await scene.clocks.boot('v42'),
      await scene.clocks.boot('v42', { mode: 'refuse', dyno: 'clock.2' }),
    ]
    expect((await scene.run('drain', '--hold', '10m')).code).toBe(2)
    expect(await phase()).toBe('aborted')
    await one.next(TICK)
    await two.next(TICK)
  })

  it('can be withdrawn by a signal', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const program = scene.start(['drain', '--hold', '10m'])
    await program.saw(/^deploy-gate: clock\.1 accepted/)
    program.kill('SIGTERM')
    expect((await finished(program)).code).toBe(143)
    expect(await phase()).toBe('aborted')
    await scene.clocks.endJob()
  })
})

it('obeys nothing of what a participant says, and shows it all the same', async () => {
  const clock = new ScriptedParticipant(scene.other.redis, scene.other.keys, 'clock.1', 'clock')
  await clock.beat()
  const program = scene.start(['drain', '--json', ...shell('touch ran')])
  await expect.poll(phase, { timeout: 20_000 }).toBe('draining')
  const note = 'not\u001b[2J\u009b31m now\r\ndeploy-gate: all is well'
  await clock.answer('failed', { note })
  const { code, stdout, stderr } = await finished(program)
  expect(code).toBe(2)
  expect(stdout + stderr).toMatch(/^[\x20-\x7e\n]*$/)
  expect(stderr).not.toMatch(/^deploy-gate: all is well/m)
  expect(stderr).toMatch(/^deploy-gate drain: clock\.1 refused to drain: not now deploy-gate: all is well\./m)
  expect(lastLine(stdout)).toMatchObject({ outcome: 'refused', participants: [{ note }] })
})

it('shows nobody the URL: not in arguments, not in what it prints', async () => {
  await scene[Symbol.asyncDispose]()
  scene = await openScene({ password: 'pa55word-of-the-gate' })
  await scene.clocks.boot('v42')
  const program = scene.start(['drain', '--json', ...shell(UNTIL_END)])
  await program.saw(/^begun/)
  const { pid } = program
  const lines = processes()
  expect(lines.find((one) => one.pid === pid)?.commandLine).toContain('drain --json')
  expect(lines.filter(({ commandLine }) => commandLine.includes('pa55word'))).toEqual([])
  end()
  const { stdout, stderr, code } = await finished(program)
  expect(code).toBe(0)
  expect(stdout + stderr).not.toContain('pa55word')
})
