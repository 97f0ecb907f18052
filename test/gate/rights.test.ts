import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { INPUT_ORIGIN } from '../../src/deploy/origins.ts'
import { openGateServer } from '../../src/deploy/server.ts'
import { announce } from '../../src/gate/announce.ts'
import { acquireGate, inspectGate, newDeployId } from '../../src/gate/gate.ts'
import { takeAnnouncement } from '../../src/gate/take.ts'
import { join } from '../../src/participant/join.ts'
import { parseRedisUrl } from '../../src/redis/address.ts'
import { systemTime } from '../../src/time.ts'
import { CLI, finished } from '../cli/support/scene.ts'
import { startProgram } from '../integration/support/program.ts'
import { App } from '../participant/support/app.ts'
import { Lines } from '../participant/support/lines.ts'
import { startCluster } from '../support/redis/cluster.ts'
import { command } from '../support/redis/command.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { startSentinels } from '../support/redis/sentinel.ts'
import { ASKER, TERMS } from './support/scene.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
/** What stands in the copy-paste line after the password: patterns and commands. */
const RULES = (/^ACL SETUSER gate on >password (.*)$/m.exec(page('redis.md'))?.[1] ?? '').split(' ')
const RIGHTS = RULES.filter((rule) => rule !== '-@all')
/** Which of them a side can go without, as the table under the line says. */
const spared = (who: string) =>
  (new RegExp(`^\\| ${who} \\| may go without \`(.*?)\``, 'm').exec(page('redis.md'))?.[1] ?? '').split(' ')
const APP = RULES.filter((rule) => !spared('the app alone').includes(rule))
const DEPLOYER = RULES.filter((rule) => !spared('the deployer alone').includes(rule))
/** Without them it works, but slower or unchecked. */
const EASE = ['+info', '+subscribe']

let server: RedisServer
let count = 0
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

/** The URL of a new user with these rights. */
async function userWith(rules: readonly string[]): Promise<string> {
  const name = `user-${++count}`
  await command({ port: server.port, tls: false }, 'ACL', 'SETUSER', name, 'on', '>password', ...rules)
  return `redis://${name}:password@127.0.0.1:${server.port}`
}

function openDeployer(url: string, gateName = 'default') {
  const log = new Lines()
  const destination = { address: parseRedisUrl(url), trust: { verify: false }, origin: INPUT_ORIGIN }
  const { signal } = new AbortController()
  return { log, opened: openGateServer(destination, gateName, { log, time: systemTime, signal, asks: true }) }
}

async function openParticipant(redisUrl: string, gateName: string, app: App) {
  const clock = await join(app, { redisUrl, gateName, dyno: 'clock.1', handleSigterm: false, log: app.log })
  const leave = () => {
    app.release()
    return clock.leave()
  }
  return { clock, leave }
}

/** A drain that is forced and committed, and given back by whoever leaves. */
async function passGate(appUrl: string, deployerUrl: string, gateName: string): Promise<App> {
  const app = new App()
  const { leave } = await openParticipant(appUrl, gateName, app)
  try {
    const { log, opened } = openDeployer(deployerUrl, gateName)
    await using gate = await opened
    await inspectGate(gate.around, gateName, ASKER, ['clock'])
    {
      await using announcement = await announce(gate.around, newDeployId(), TERMS, ASKER)
      const taken = await takeAnnouncement(gate.around, { dyno: 'release.1', given: {} })
      await taken?.confirm()
      await taken?.failed(new Error('not wanted'))
      expect(await announcement.failure()).toMatchObject({ outcome: 'release-failed' })
    }
    const terms = { ...TERMS, drainTimeoutMs: 0, onDrainTimeout: 'force' } as const
    {
      await using hold = await acquireGate(gate.around, newDeployId(), terms, ASKER, 'v42')
      const drained = hold.drained()
      const drain = await app.draining()
      const store = () => drain.end({ stored: 1 })
      // It may have been forced before anybody listens.
      if (drain.signal.aborted) store()
      else drain.signal.addEventListener('abort', store)
      expect(await drained).toBe(true)
      await hold.commit()
      expect(await hold.concerns()).toEqual([])
    }
    await app.told('drain', 'force', 'resume')
    expect(
      log.matching(/^warning(?!.*not drained in time)/i).filter((line) => !/abort what runs/.test(line)),
    ).toEqual([])
    expect(app.log.matching(/^warning/)).toEqual([])
  } finally {
    await leave()
  }
  return app
}

it('is the line of docs/protocol.md, too', () => {
  expect(page('protocol.md')).toContain(`user gate on >password ${RULES.join(' ')}\n`)
})

describe('the line of docs/redis.md is enough', () => {
  it('for both sides with one user', async () => {
    const url = await userWith(RULES)
    await passGate(url, url, 'one')
  })

  it('without what each side can spare, with a user each', async () => {
    expect(APP.length).toBeLessThan(RULES.length)
    expect(DEPLOYER.length).toBeLessThan(RULES.length)
    await passGate(await userWith(APP), await userWith(DEPLOYER), 'two')
  })

  it('for the command line: drain with a command, status, a drain that is left, resume', async () => {
    const url = await userWith(RULES)
    const folder = mkdtempSync(joinPath(tmpdir(), 'gate-rights-'))
    const app = new App({ finished: 1 })
    const { leave } = await openParticipant(url, 'three', app)
    const run = async (...args: string[]) => {
      const env = { PATH: process.env.PATH ?? '', REDIS_URL: url, DEPLOY_GATE_NAME: 'three' }
      const { code, stdout, stderr } = await finished(startProgram(CLI, folder, env, { args }))
      expect(stderr).not.toMatch(/NOPERM|lacks|could not/)
      return { code, stdout }
    }
    try {
      expect(await run('drain', '--', 'sh', '-c', 'exit 3')).toMatchObject({ code: 3 })
      expect(await run('status', '--json')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('clock.1'),
      })
      expect(await run('drain', '--hold', '10m')).toMatchObject({ code: 0 })
      expect(await run('resume')).toMatchObject({ code: 0 })
      await app.told('drain', 'resume', 'drain', 'resume')
    } finally {
      await leave()
      rmSync(folder, { recursive: true })
    }
  })
})

/** The URL of a user that has all but one, and a gate of the test's own. */
async function without(right: string): Promise<[url: string, gateName: string]> {
  return [await userWith(RULES.filter((rule) => rule !== right)), `without-${RIGHTS.indexOf(right)}`]
}

it.concurrent.each(RIGHTS.filter((right) => DEPLOYER.includes(right)))(
  'without %s the deployer names it before it asks anybody',
  async (right) => {
    const { log, opened } = openDeployer(...(await without(right)))
    if (EASE.includes(right)) {
      await using gate = await opened
      expect(await gate.around.listen(() => {})).toBe(right !== '+subscribe')
      expect(log.matching(/^warning/)).toEqual([expect.stringContaining(right)])
    } else {
      await expect(opened).rejects.toMatchObject({
        outcome: 'preflight-failed',
        message: expect.stringMatching(new RegExp(`the user of the URL lacks rights: ${escaped(right)}\\.$`)),
        next: expect.stringContaining(`ACL SETUSER <user> ${right}. The section "Rights" of docs/redis.md`),
      })
    }
  },
)

it.concurrent.each(RIGHTS.filter((right) => APP.includes(right)))(
  'without %s the app names it, and goes on',
  async (right) => {
    const app = new App()
    const { clock, leave } = await openParticipant(...(await without(right)), app)
    try {
      expect(clock.state).toBe('running')
      await app.log.saw(new RegExp(`^warning: .*${escaped(right)}`))
    } finally {
      await leave()
    }
  },
)

describe.each([
  ['Sentinel', ['+role'], async (acl: string[]) => startSentinels({ password: 'admin', acl })],
  [
    'a cluster',
    ['+cluster|slots', '+cluster|keyslot'],
    async (acl: string[]) => startCluster({ password: 'admin', acl }),
  ],
] as const)('with %s', (_, more, start) => {
  it('the rights that the table adds are enough, and each that is lacking is named', async () => {
    for (const right of more) expect(page('redis.md').replaceAll('\\', '')).toContain(right)
    const line = (name: string, rules: readonly string[]) => `user ${name} on >password ${rules.join(' ')}`
    const lacking = more.map((right, at) =>
      line(`lacks-${at}`, [...RULES, ...more.filter((one) => one !== right)]),
    )
    await using topology = await start([line('gate', [...RULES, ...more]), ...lacking])
    const as = (name: string) => topology.url.replace(':admin@', `${name}:password@`)
    await passGate(as('gate'), as('gate'), 'default')
    for (const [at, right] of more.entries()) {
      await expect(openDeployer(as(`lacks-${at}`)).opened).rejects.toMatchObject({
        outcome: 'preflight-failed',
        message: expect.stringContaining(`'${right.slice(1)}'`),
        next: expect.stringContaining('docs/redis.md'),
      })
      const app = new App()
      const { leave } = await openParticipant(as(`lacks-${at}`), 'default', app)
      await app.log.saw(new RegExp(`^warning: .*'${escaped(right.slice(1))}'`))
      await leave()
    }
  })
})

function escaped(text: string): string {
  return text.replace(/[|*+&~]/g, '\\$&')
}
