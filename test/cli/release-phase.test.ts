import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { announced } from '../gate/support/release-phase.ts'
import { type Scene as GateScene, openScene as openGate } from '../gate/support/scene.ts'
import { type Program, startProgram } from '../integration/support/program.ts'
import { App } from '../participant/support/app.ts'
import { LIMIT } from '../participant/support/lines.ts'
import { CLI, finished } from './support/scene.ts'

vi.setConfig({ testTimeout: 60_000 })

let scene: GateScene
let programs: Program[]
beforeEach(async () => {
  scene = await openGate()
  programs = []
})
afterEach(async () => {
  for (const program of programs) program.kill('SIGKILL')
  await Promise.all(programs.map(({ ended }) => ended))
  await scene[Symbol.asyncDispose]()
})

const never = new AbortController().signal
const intent = () => scene.other.redis.hgetall(scene.other.keys.intent)
const COMMIT = '0123456789abcdef0123456789abcdef01234567'
const ADA = {
  name: 'ada, acme/shop',
  app: 'shop',
  commit: COMMIT,
  runUrl: 'https://github.com/acme/shop/actions/runs/1',
}

/** The command as a dyno runs it. */
function dyno(args: readonly string[], env: Record<string, string> = {}): Program {
  const around = { PATH: process.env.PATH ?? '', REDIS_URL: scene.server.url, DYNO: 'release.1234', ...env }
  const program = startProgram(CLI, process.cwd(), around, { args: ['drain', ...args], input: '' })
  programs.push(program)
  return program
}

it('drains for the deploy that is announced, says so, and leaves the held to it', async () => {
  const app = await scene.clock(new App())
  const { id, announcement, log } = await announced(scene, { asker: ADA })
  await using _ = announcement
  const program = dyno(['--hold', '10m', '--json'], { HEROKU_BUILD_COMMIT: COMMIT })
  await using hold = await announcement.adopted(never)
  const opened = hold?.opened(never)
  ;(await app.draining()).end({ finished: 3 })
  expect(await opened).toBe(true)
  const { code, stdout, stderr } = await finished(program)
  expect(code).toBe(0)
  expect(stderr).toContain(
    'deploy-gate: draining for the deploy by ada, acme/shop of 01234567 (https://github.com/acme/shop/actions/runs/1)\n',
  )
  expect(stderr).toMatch(
    /held for (9 min 5\d|10 min).*The deploy that is announced ends it earlier, or keeps it up$/m,
  )
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'held', jobsFinished: 3 })
  expect(log.lines).toContain('the release phase asks for the drain, on release.1234')
  expect(await intent()).toMatchObject({ id, asker: JSON.stringify(ADA), phase: 'pushing' })
  await hold?.release()
  expect((await intent()).phase).toBe('released')
})

it.each([
  ['no deploy is announced', { DYNO: 'release.1234' }, false, true],
  ['another commit is announced', { DYNO: 'release.1234', HEROKU_SLUG_COMMIT: 'f'.repeat(40) }, true, true],
  ['it is no release phase', { DYNO: 'run.1234' }, true, false],
])('drains on its own account when %s', async (_, env, announces, says) => {
  await scene.clock(new App({}))
  const all = announces ? await announced(scene, { asker: ADA }) : undefined
  const { code, stderr } = await finished(dyno(['--hold', '10m'], env))
  expect(code).toBe(0)
  const alone =
    'no deploy is announced for this release, so this drain stands alone: nobody ends its hold before its 10 min are over'
  expect(stderr.includes(alone)).toBe(says)
  expect(stderr).toMatch(/deploy-gate resume ends it earlier$/m)
  expect(JSON.parse((await intent()).asker ?? '')).toMatchObject({ name: env.DYNO, holds: true })
  expect((await scene.other.redis.get(scene.other.keys.announced)) !== null).toBe(announces)
  await all?.announcement[Symbol.asyncDispose]()
  expect((await intent()).phase).toBe('pushing')
})

it('ends with 2 when the clock can not drain on the announced terms, and the deploy learns how', async () => {
  const app = await scene.clock(new App())
  const { announcement } = await announced(scene, { asker: ADA, terms: { drainTimeoutMs: 1_000 } })
  await using _ = announcement
  const { code, stderr } = await finished(dyno([]))
  expect(code).toBe(2)
  expect(stderr).toMatch(/Not drained within 1 s: clock\.1/)
  expect(await announcement.failure()).toMatchObject({ outcome: 'drain-timeout' })
  await expect.poll(() => app.calls.at(-1), LIMIT).toBe('resume')
})

it('holds everybody for the deploy while and after its command, and gives them back if that fails', async () => {
  const app = await scene.clock(new App({}))
  const { announcement } = await announced(scene, { asker: ADA })
  await using _ = announcement
  expect((await finished(dyno(['--', 'sh', '-c', 'exit 3']))).code).toBe(3)
  expect((await intent()).phase).toBe('aborted')
  await app.told('drain', 'resume')
  await announcement[Symbol.asyncDispose]()

  const second = await announced(scene, { asker: ADA })
  await using __ = second.announcement
  const { code, stderr } = await finished(dyno(['--', 'true']))
  expect(code).toBe(0)
  expect(stderr).toContain('true ended with 0: the held stay held for the deploy that is announced\n')
  expect(await intent()).toMatchObject({ id: second.id, phase: 'pushing' })
})

it('tells the deploy when it is ended while it drains', async () => {
  const app = await scene.clock(new App())
  const { announcement } = await announced(scene, { asker: ADA })
  await using _ = announcement
  const program = dyno([])
  await app.draining()
  program.kill('SIGTERM')
  expect((await finished(program)).code).toBe(143)
  expect(await announcement.failure()).toMatchObject({
    outcome: 'release-failed',
    message: expect.stringMatching(/Interrupted by SIGTERM/),
  })
})

it('that is killed while it drains leaves the drain to the deploy', async () => {
  const app = await scene.clock(new App())
  const { announcement } = await announced(scene, { asker: ADA })
  await using _ = announcement
  const program = dyno([])
  const drain = await app.draining()
  program.kill('SIGKILL')
  await program.ended
  const over = AbortSignal.abort()
  {
    await using hold = await announcement.adopted(over)
    expect(await hold?.opened(over)).toBe(false)
  }
  expect(await announcement.failure()).toBeUndefined()
  expect((await intent()).phase).toBe('aborted')
  drain.end()
  await app.told('drain', 'resume')
})
