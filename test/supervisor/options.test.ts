import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { startProgram } from '../integration/support/program.ts'
import { startRedis } from '../support/redis/redis-server.ts'
import { CLI, logged, said, useGate } from './support/gate.ts'

vi.setConfig({ testTimeout: 30_000 })

const gate = useGate()
const folder = mkdtempSync(join(tmpdir(), 'gate-options-'))
afterAll(() => rmSync(folder, { recursive: true }))
/** Would be there if the program had been started. */
const trace = join(folder, 'started')
const PROGRAM = ['--', 'touch', trace]
const URL = 'redis://user:pa55word@127.0.0.1:1'

describe('a command line or an environment that is wrong is refused, and nothing is started', () => {
  it.each([
    [[], {}, 'there is no program to run. Give it after --.'],
    [['--'], {}, 'there is no program after --.'],
    [
      ['python', 'clock.py'],
      {},
      /^Unexpected argument 'python'.* Options stand before --, the program behind it\.$/,
    ],
    [['--kill', ...PROGRAM], {}, /^Unknown option '--kill'\./],
    [
      ['--drain-signal', 'KILL', ...PROGRAM],
      {},
      '--drain-signal is "KILL". Expected one of TERM, INT, QUIT, HUP, USR1, USR2, WINCH, with or without SIG before it.',
    ],
    [['--force-signal', '9', ...PROGRAM], {}, /^--force-signal is "9"\. Expected one of TERM, INT/],
    [
      ['--kill-after', '10', ...PROGRAM],
      {},
      /^--kill-after is "10"\. Expected a whole number with a unit, such as 90s.*, 25 s at the most/,
    ],
    [['--kill-after', '26s', ...PROGRAM], {}, /^--kill-after is "26s"\. Expected/],
    [['--progress', 'stderr', ...PROGRAM], {}, '--progress is "stderr". Expected fd or stdout.'],
    [['--gate', 'a{b', ...PROGRAM], {}, /^--gate is "a\{b"\. Expected 1 to 64 letters/],
    [PROGRAM, { DEPLOY_GATE_NAME: 'a b' }, /^DEPLOY_GATE_NAME is "a b"\. Expected 1 to 64 letters/],
    [
      ['--certificate-fingerprint', 'ab:cd', ...PROGRAM],
      {},
      '--certificate-fingerprint is "ab:cd". Expected a SHA-256 fingerprint: 64 hex digits, with or without colons; several with commas between.',
    ],
  ] as const)('%j %j', async (args, env, message) => {
    const app = startProgram(
      CLI,
      folder,
      { ...gate.env(), REDIS_URL: URL, ...env },
      { args: ['run', ...args] },
    )
    expect(await app.ended).toEqual({ code: 1, signal: null })
    expect(app.lines).toHaveLength(2)
    expect(app.lines[0]?.replace(/^deploy-gate run: /, '')).toMatch(message)
    expect(app.lines[1]).toBe('Usage: deploy-gate run [options] -- program arguments')
    expect(app.lines.join()).not.toContain('pa55word')
    expect(existsSync(trace)).toBe(false)
  })

  it.each([
    ['', /^deploy-gate run: REDIS_URL is not set\.$/],
    [
      'http://:pa55word@host',
      /^deploy-gate run: The Redis URL in REDIS_URL can't be used: it begins with neither/,
    ],
  ])('REDIS_URL %j', async (url, message) => {
    const app = startProgram(CLI, folder, { ...gate.env(), REDIS_URL: url }, { args: ['run', ...PROGRAM] })
    expect(await app.ended).toEqual({ code: 1, signal: null })
    expect(app.lines[0]).toMatch(message)
    expect(app.lines.join()).not.toContain('pa55word')
    expect(existsSync(trace)).toBe(false)
  })
})

it.each(['TERM', 'SIGTERM', 'sigterm'])('a signal is known by its name: %s', async (name) => {
  expect(await gate.run(['true'], ['--drain-signal', name]).ended).toMatchObject({ code: 0 })
})

it('--help names every option, and options behind -- are of the program', async () => {
  const help = startProgram(CLI, folder, gate.env(), { args: ['run', '--help'] })
  expect(await help.ended).toMatchObject({ code: 0 })
  for (const name of [
    'drain-signal',
    'force-signal',
    'kill-after',
    'signal-group',
    'progress',
    'gate',
    'verify-certificate',
    'certificate-fingerprint',
  ])
    expect(help.lines.join('\n')).toContain(`  --${name} `)
  const echo = gate.run(['echo', '--help', '--gate'])
  await echo.ended
  expect(said(echo)).toEqual(['--help --gate'])
})

it('--gate is the gate that it joins, whatever DEPLOY_GATE_NAME says', async () => {
  const app = gate.run(['sleep', '600'], ['--gate', 'other'], { DEPLOY_GATE_NAME: 'default' })
  await expect.poll(() => gate.deployer.redis.hlen('deploy-gate:{other}:roster'), { timeout: 20_000 }).toBe(1)
  expect(await gate.deployer.rows()).toEqual([])
  app.kill('SIGTERM')
  expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' })
})

it('a program runs although Redis shows a certificate that is refused, and no secret is shown', async () => {
  await using redis = await startRedis({ tls: true, password: 'pa55word' })
  const run = async (...options: string[]) => {
    const app = gate.run(['true'], options, { REDIS_URL: redis.url })
    expect(await app.ended).toEqual({ code: 0, signal: null })
    expect(app.lines.join('\n')).not.toContain('pa55word')
    return logged(app)
  }
  expect(await run('--verify-certificate')).toContainEqual(expect.stringMatching(/self-signed certificate/))
  expect(await run('--certificate-fingerprint', 'ab'.repeat(32))).toContainEqual(
    expect.stringMatching(/not the pinned one/),
  )
  expect(await run('--certificate-fingerprint', redis.fingerprint)).toEqual(['true ended with code 0'])
  expect(await run()).toEqual(['true ended with code 0'])
})
