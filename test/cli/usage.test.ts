import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startRedis } from '../support/redis/redis-server.ts'
import { type Finished, finished, openScene, type Scene } from './support/scene.ts'

vi.setConfig({ testTimeout: 60_000 })

const PASSWORD = 'pa55word'
let scene: Scene
beforeAll(async () => {
  scene = await openScene({ password: PASSWORD })
})
afterAll(() => scene[Symbol.asyncDispose]())

const COMMANDS = ['drain', 'resume', 'status'] as const

/** Runs a command that must not get as far as the gate. */
async function refused(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  const result = await finished(scene.start(args, { env }))
  expect(result.code).toBe(1)
  expect(result.stdout).toBe('')
  expect(result.stderr).not.toContain(PASSWORD)
  expect(await scene.other.redis.keys('*')).toEqual([])
  return result
}

describe('the help', () => {
  it('has the commands', async () => {
    const { code, stdout } = await scene.run('--help')
    expect(code).toBe(0)
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} +\\w`, 'm'))
  })

  it.each(COMMANDS)('of %s needs no Redis, and has its options', async (name) => {
    const { code, stdout, stderr } = await finished(scene.start([name, '--help'], { env: { REDIS_URL: '' } }))
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^Usage: deploy-gate ${name} `))
    for (const option of ['--gate', '--json', '--verify-certificate', '--certificate-fingerprint'])
      expect(stdout).toContain(`\n  ${option} `)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})

it('has all its commands and options in docs/cli.md', async () => {
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
  for (const name of COMMANDS) {
    const { stdout } = await scene.run(name, '--help')
    expect(page).toContain(`\n## ${name}\n`)
    for (const [option] of stdout.matchAll(/--[a-z][a-z-]+/g)) expect(page).toContain(option)
  }
})

describe('a command line that can not be used asks nobody', () => {
  it.each<[string[], RegExp]>([
    [
      ['drain', '--timeout', '5'],
      /--timeout is "5"\. Expected a whole number with a unit, such as 90s, 5m or 1h\./,
    ],
    [['drain', '--drain-timeout', '0s'], /--drain-timeout is 0s\. Expected .*, from 1 s to 24 h\./],
    [['drain', '--drain-timeout', '25h'], /--drain-timeout is 25h\. Expected .* to 24 h\./],
    [
      ['drain', '--timeout', '1m', '--acknowledge-timeout', '2m'],
      /--acknowledge-timeout is 2m\. Expected .*, from 1 s to 1 min, which is what the drain itself may take\./,
    ],
    [
      ['drain', '--timeout', '1m', '--drain-timeout', '1m'],
      /--timeout and --drain-timeout are the same option\./,
    ],
    [['drain', '--on-timeout', 'push'], /--on-timeout is "push"\. Expected fail, force or deploy\./],
    [['drain', '--on-drain-timeout', ''], /--on-drain-timeout is ""\. Expected fail, force or deploy\./],
    [['drain', '--on-missing-clock', 'force'], /--on-missing-clock is "force"\. Expected fail or deploy\./],
    [['drain', '--processes', 'clock=0'], /--processes has the entry "clock=0"\. Expected process types/],
    [['drain', '--processes', 'clock,clock'], /--processes names clock twice\. Expected each type once\./],
    [['drain', '--processes', ','], /--processes names nobody\. Expected/],
    [['drain', '--hold', '59s'], /--hold is 59s\. Expected .*, from 1 min to 1 h\./],
    [['drain', '--hold', '61m'], /--hold is 61m\. Expected .*, from 1 min to 1 h\./],
    [['drain', '--hold', '5m', '--', 'true'], /--hold goes without a program/],
    [['drain', '--by', ' '], /--by is ""\. Expected one line of 1 to 200 characters\./],
    [['drain', '--by', 'a\u001b[2Jb'], /--by is "a\\u001b\[2Jb"\. Expected one line/],
    [['drain', '--'], /there is no program after --\./],
    [['drain', 'git', 'push'], /Unexpected argument 'git'.*Options stand before --, the program behind it\./],
    [['drain', '--force'], /Unknown option '--force'/],
    [['resume', '--hold', '5m'], /Unknown option '--hold'/],
    [['status', '--watch=yes'], /'--watch' does not take an argument/],
    ...COMMANDS.flatMap((name): [string[], RegExp][] => [
      [[name, '--gate', 'a{b'], /--gate is "a\{b"\. Expected 1 to 64 letters, digits/],
      [[name, '--gate', 'a', '--gate-name', 'a'], /--gate and --gate-name are the same option\./],
      [[name, '--certificate-fingerprint', 'ab'], /--certificate-fingerprint is "ab"\. Expected a SHA-256/],
      [
        [name, '--certificate-fingerprint', `${'ab:'.repeat(31)}ab`],
        /--certificate-fingerprint is about a certificate, but REDIS_URL begins with redis:\/\/, which has none/,
      ],
      [[name, '--verify-certificate'], /--verify-certificate is about a certificate, but REDIS_URL begins/],
    ]),
  ])('%j', async (args, message) => {
    const { stderr } = await refused(args)
    expect(stderr).toMatch(message)
    const [told, usage, ...more] = stderr.trimEnd().split('\n')
    expect(told).toMatch(new RegExp(`^deploy-gate ${args[0]}: `))
    expect(usage).toMatch(new RegExp(`^Usage: deploy-gate ${args[0]} `))
    expect(more).toEqual([])
  })
})

describe.each(COMMANDS)('%s', (name) => {
  it.each<[string, RegExp, RegExp]>([
    [
      '',
      /REDIS_URL is not set\.$/,
      /^Set it to the URL .*heroku run deploy-gate.*heroku config:get REDIS_URL/,
    ],
    [
      `http://:${PASSWORD}@host`,
      /The Redis URL in REDIS_URL can't be used: it begins with neither redis:\/\/ nor rediss:\/\/\.$/,
      /^It must look like redis:\/\/.* Set REDIS_URL to the URL that the app has\./,
    ],
    [PASSWORD, /can't be used: it is not a URL\.$/, /^It must look like/],
    [
      'redis://nowhere.invalid',
      /: there is no host of that name \(/,
      /^Set REDIS_URL to the URL that the app has\./,
    ],
  ])('with the URL %j says what to do', async (url, message, next) => {
    const { stderr } = await refused([name], { REDIS_URL: url })
    const lines = stderr.trimEnd().split('\n').slice(-2)
    expect(lines[0]).toMatch(message)
    expect(lines[0]).toMatch(new RegExp(`^deploy-gate ${name}: `))
    expect(lines[1]).toMatch(next)
    expect(stderr).not.toMatch(/redis-url|redis-tls|skip-drain/)
  })

  it('with another password says what to do', async () => {
    const { stderr } = await refused([name], { REDIS_URL: scene.redis.url.replace(PASSWORD, 'other') })
    expect(stderr).toMatch(
      /did not accept the user or password of the URL \(WRONGPASS\)\.\nHeroku changes the URL/,
    )
    expect(stderr).toMatch(/set REDIS_URL anew/)
    expect(stderr).not.toMatch(/redis-url|other/)
  })

  it('at a server that is not there says what to do', async () => {
    await using gone = await startRedis()
    await gone.kill()
    const { stderr } = await refused([name], { REDIS_URL: gone.url })
    expect(stderr.match(/trying again in/g)).toHaveLength(4)
    expect(stderr).toMatch(/no connection could be made in 5 attempts/)
    expect(stderr).toMatch(/can be reached from here.*heroku run deploy-gate \.\.\.$/m)
    expect(stderr).not.toContain('skip-drain')
  })

  it('at a server whose user lacks a right asks nobody, and says so', async () => {
    await using poor = await startRedis({ acl: ['user gate on >word ~* &* +@all -eval -evalsha'] })
    const { stderr } = await refused([name], { REDIS_URL: `redis://gate:word@127.0.0.1:${poor.port}` })
    // What asks for a drain tries the rights before; what reads, or ends a drain, finds out.
    expect(stderr).toMatch(
      name === 'drain'
        ? /: the user of the URL lacks rights: \+eval \+evalsha\.\nGive them to it: ACL SETUSER/
        : /: the server refused a command \(NOPERM .*\)\.\nIts user needs the rights/,
    )
  })
})

it('names DEPLOY_GATE_NAME when that is what is wrong', async () => {
  const { stderr } = await refused(['status'], { DEPLOY_GATE_NAME: 'a b' })
  expect(stderr).toMatch(/^deploy-gate status: DEPLOY_GATE_NAME is "a b"\. Expected 1 to 64 letters/)
})

describe('a certificate', () => {
  it('that nobody signed is accepted by default, and told so that it can be pinned', async () => {
    await using tls = await startRedis({ tls: true, password: PASSWORD })
    const run = (...args: string[]) => finished(scene.start(args, { env: { REDIS_URL: tls.url } }))
    const drain = await run('drain', '--timeout', '1s')
    expect(drain.code).toBe(2)
    expect(drain.stderr).toContain(
      `the certificate with SHA-256 ${tls.fingerprint}; --certificate-fingerprint can pin it`,
    )
    const pinned = await run('status', '--certificate-fingerprint', tls.fingerprint.toUpperCase())
    expect(pinned).toMatchObject({ code: 0, stderr: '' })
  })

  it.each([
    ['--verify-certificate', [], /its certificate was not accepted.*\n.*leave --verify-certificate out/],
    [
      '--certificate-fingerprint',
      ['ab'.repeat(32)],
      /not the pinned one\.\n.*fingerprint into --certificate-fingerprint/,
    ],
  ])('is refused under %s, with what to do', async (option, value, told) => {
    await using tls = await startRedis({ tls: true, password: PASSWORD })
    const { stderr } = await refused(['status', option, ...value], { REDIS_URL: tls.url })
    expect(stderr).toMatch(told)
  })
})
