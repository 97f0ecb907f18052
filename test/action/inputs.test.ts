import { posix, win32 } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPlan, secretsOfPlan } from '../../src/action/inputs.ts'
import { DeployError } from '../../src/outcome.ts'

const KEY = 'HRKU-5ecre7'
const GOOD = { 'heroku-app': 'shop', 'heroku-api-key': KEY }

const plan = (inputs: Record<string, string> = {}, env: NodeJS.ProcessEnv = {}) =>
  readPlan({ getInput: (name) => ({ ...GOOD, ...inputs })[name] ?? '', env })

/** The whole text of the error that `inputs` lead to. */
function complaint(inputs: Record<string, string>, env: NodeJS.ProcessEnv = {}): string {
  try {
    plan(inputs, env)
  } catch (error) {
    expect(error).toBeInstanceOf(DeployError)
    expect((error as DeployError).outcome).toBe('preflight-failed')
    return `${(error as DeployError).message}\n${(error as DeployError).next}`
  }
  throw new Error('expected a complaint')
}

describe('a plan', () => {
  it('has the documented defaults', () => {
    expect(plan()).toMatchObject({
      app: 'shop',
      apiUrl: 'https://api.heroku.com',
      gitUrl: 'https://git.heroku.com',
      redis: { configVar: 'REDIS_URL', tls: 'auto' },
      gateName: 'default',
      processes: [{ type: 'clock', atLeast: 1, demanded: false }],
      acknowledgeTimeoutMs: 30_000,
      drainTimeoutMs: 300_000,
      onDrainTimeout: 'fail',
      onMissingClock: 'fail',
      skipDrain: false,
      ref: 'HEAD',
      branch: 'auto',
      strategy: { kind: 'git-push' },
      drainAt: 'before-push',
      drainFrom: 'runner',
      upToDate: 'skip',
      onRunningBuild: 'wait',
      waitForDynosMs: 120_000,
      rollbackOnFailure: false,
      dryRun: false,
      forcePush: false,
      deployTimeoutMs: 1_800_000,
      waitForClockMs: 120_000,
    })
    expect(plan().redis.url).toBeUndefined()
    expect(plan()).not.toHaveProperty('list')
  })

  it('by lists has the names that people use, or those that are given', () => {
    expect(plan({ protocol: 'list' }).list).toEqual({
      requestKey: 'request',
      responseKey: 'response',
      message: 'shutdown',
      resumeMessage: '',
    })
    const own = {
      'list-request-key': 'shop:{deploy} asks',
      'list-response-key': 'shop:{deploy} says',
      'list-message': '{"do": "stop"}',
      'list-resume-message': 'resume',
    }
    expect(plan({ protocol: 'list', ...own }).list).toEqual({
      requestKey: 'shop:{deploy} asks',
      responseKey: 'shop:{deploy} says',
      message: '{"do": "stop"}',
      resumeMessage: 'resume',
    })
  })

  it('takes process types by comma or line, with numbers', () => {
    expect(plan({ processes: 'clock, worker=3\n\nurgent-worker = 2\n' }).processes).toEqual([
      { type: 'clock', atLeast: 1, demanded: false },
      { type: 'worker', atLeast: 3, demanded: true },
      { type: 'urgent-worker', atLeast: 2, demanded: true },
    ])
  })

  it('takes a bare 0 where it means not to wait', () => {
    expect(plan({ 'wait-for-clock': '0' }).waitForClockMs).toBe(0)
    expect(plan({ 'wait-for-dynos': '0' }).waitForDynosMs).toBe(0)
    expect(complaint({ 'drain-timeout': '0' })).toContain('drain-timeout is "0"')
  })

  it('takes a fingerprint with colons in either case', () => {
    const colons = Array.from({ length: 32 }, () => 'AB').join(':')
    expect(plan({ 'redis-tls-fingerprint': colons }).redis.fingerprints).toEqual(['ab'.repeat(32)])
  })

  it('takes a fingerprint for each of several servers', () => {
    const [one, other] = ['ab'.repeat(32), 'cd'.repeat(32)]
    expect(plan({ 'redis-tls-fingerprint': `${one}, ${other}` }).redis.fingerprints).toEqual([one, other])
    expect(complaint({ 'redis-tls-fingerprint': `${one},ab` })).toContain('several with commas between')
  })

  it.each([
    ['', undefined],
    ['.', undefined],
    ['./', undefined],
    ['shop', 'shop'],
    ['./services/shop/', 'services/shop'],
    ['.//./services/shop//', 'services/shop'],
    ['.config/shop', '.config/shop'],
    ['..shop', '..shop'],
    ['a b', 'a b'],
  ])('has the folder of an app as git names it: %j', (given, appDir) => {
    expect(plan({ 'app-dir': given }).appDir).toBe(appDir)
  })

  it('never has a folder that is not within the checkout', () => {
    const piece = fc.constantFrom('.', '/', '\\', 'a', ' ', '.git', '..', '\0')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        let found: string | undefined
        try {
          found = plan({ 'app-dir': pieces.join('') }).appDir
        } catch (error) {
          expect((error as Error).message).toMatch(
            /^app-dir is .*Expected a folder of the repository, such as services\/shop\.$/,
          )
          return
        }
        if (found === undefined) return
        for (const { resolve, sep } of [posix, win32]) {
          expect(resolve('/checkout', found).startsWith(`${resolve('/checkout')}${sep}`)).toBe(true)
        }
        expect(posix.normalize(found)).toBe(found)
        expect(found).not.toMatch(/\/$|(^|\/)\.git(\/|$)/)
      }),
      { numRuns: 1_000 },
    )
  })

  it('has its strategy and its health check', () => {
    expect(plan({ strategy: 'slug', slug: 'v41' }).strategy).toEqual({ kind: 'slug', slug: 'v41' })
    expect(plan()).not.toHaveProperty('healthCheck')
    expect(plan({ 'health-check-url': '/healthz' }).healthCheck).toMatchObject({ url: '/healthz' })
  })

  it('says who asks, with the address of the run', () => {
    const env = {
      GITHUB_ACTOR: 'ada',
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_RUN_ID: '12',
      GITHUB_SERVER_URL: 'https://github.com',
    }
    expect(plan({}, env).asker).toEqual({
      name: 'ada, acme/shop',
      runUrl: 'https://github.com/acme/shop/actions/runs/12',
    })
  })

  it('takes endpoints that are moved, over https or on this machine', () => {
    const env = { HEROKU_API_URL: 'http://127.0.0.1:8080/', HEROKU_GIT_URL: 'https://git.example.com' }
    expect(plan({}, env)).toMatchObject({
      apiUrl: 'http://127.0.0.1:8080',
      gitUrl: 'https://git.example.com',
    })
  })
})

describe('a problem', () => {
  it.each([
    ['heroku-app', '', /heroku-app is missing\. Expected the name of a Heroku app/],
    ['heroku-app', 'My Shop', /heroku-app is "My Shop"\. Expected the name of a Heroku app/],
    ['heroku-app', '--upload-pack=x', /heroku-app is "--upload-pack=x"/],
    [
      'heroku-api-key',
      '',
      /heroku-api-key is missing.*heroku authorizations:create.*pull request from a fork/,
    ],
    ['redis-config-var', 'REDIS-URL', /redis-config-var is "REDIS-URL"\. Expected the name of a config var/],
    ['redis-tls', 'off', /redis-tls is "off"\. Expected auto, verify or insecure/],
    [
      'redis-tls-fingerprint',
      'abcd',
      /redis-tls-fingerprint is "abcd"\. Expected a SHA-256 fingerprint: 64 hex digits/,
    ],
    ['gate-name', 'a{b}', /gate-name is "a\{b\}"\. Expected /],
    ['processes', 'clock=0', /processes has the entry "clock=0"\. Expected process types.*worker=3/],
    ['processes', ', ,', /processes names nobody/],
    ['processes', 'clock, clock=2', /processes names clock twice/],
    [
      'acknowledge-timeout',
      '30',
      /acknowledge-timeout is "30"\. Expected a whole number with a unit, such as 90s/,
    ],
    ['drain-timeout', '-5m', /drain-timeout is "-5m"\. Expected a whole number with a unit/],
    ['drain-timeout', '0s', /drain-timeout is "0s"\..*above zero/],
    ['deploy-timeout', '900h', /deploy-timeout is "900h"\..*at most 24 h/],
    ['on-drain-timeout', 'forse', /on-drain-timeout is "forse"\. Expected fail, force or deploy/],
    ['on-missing-clock', 'force', /on-missing-clock is "force"\. Expected fail or deploy/],
    ['skip-drain', 'yes', /skip-drain is "yes"\. Expected true or false/],
    ['force-push', '1', /force-push is "1"\. Expected true or false/],
    ['branch', 'trunk', /branch is "trunk"\. Expected auto, main or master/],
    ['ref', 'a\nb', /ref is "a\\nb"\. Expected a commit, branch or tag/],
    [
      'drain-timeout',
      '40m',
      /drain-timeout \(40m\) is not shorter than deploy-timeout \(30m\).*raise deploy-timeout/,
    ],
    ['app-dir', '/shop', /app-dir is "\/shop"\. Expected a folder of the repository, such as services\/shop/],
    ['app-dir', 'a/../../b', /app-dir is "a\/\.\.\/\.\.\/b"/],
    ['app-dir', 'a//b', /app-dir is "a\/\/b"/],
    ['app-dir', '.git/hooks', /app-dir is "\.git\/hooks"/],
    ['drain-at', 'push', /drain-at is "push"\. Expected before-push or release-phase/],
    ['drain-from', 'here', /drain-from is "here"\. Expected runner or dyno/],
    ['up-to-date', 'no', /up-to-date is "no"\. Expected skip, fail or rerelease/],
    ['on-running-build', 'no', /on-running-build is "no"\. Expected wait or fail/],
    ['rollback-on-failure', 'yes', /rollback-on-failure is "yes"\. Expected true or false/],
    ['dry-run', 'yes', /dry-run is "yes"\. Expected true or false/],
    ['wait-for-dynos', '2', /wait-for-dynos is "2"\. Expected a whole number with a unit.*, or 0/],
    ['health-check-url', 'shop', /health-check-url has a value that can't be used\. Expected an address/],
    ['health-check-body', 'ok', /health-check-body \("ok"\) means nothing without health-check-url/],
    ['strategy', 'push', /strategy is "push"\. Expected git-push, promote, slug or command/],
    ['slug', 'v41', /slug \("v41"\) means nothing under strategy: git-push/],
    ['drain-timeout', '10s', /acknowledge-timeout \(30s\) is longer than drain-timeout \(10s\)/],
  ])('%s: %j', (name, value, expected) => {
    const text = complaint({ [name]: value })
    expect(text).toMatch(expected)
    expect(text).toContain('under `with:` of this step')
    expect(text).toContain('nothing was pushed')
  })

  it.each([
    ['protocol', 'redis', /protocol is "redis"\. Expected gate or list/],
    ['list-request-key', 'a\nb', /list-request-key is "a\\nb"\. Expected the key of the list/],
    [
      'list-response-key',
      'deploy-gate:{default}:intent',
      /list-response-key is "deploy-gate.*not one of the gate itself/,
    ],
    [
      'list-response-key',
      'request',
      /list-response-key \(request\) is the same as list-request-key \(request\)/,
    ],
    ['list-message', 'x'.repeat(201), /list-message is "x+…"\. Expected .*at most 200 characters/],
    [
      'list-resume-message',
      'shutdown',
      /list-resume-message \(shutdown\) is the same as list-message \(shutdown\)/,
    ],
    [
      'on-drain-timeout',
      'force',
      /on-drain-timeout \(force\) can't be had under protocol \(list\).*Expected fail or deploy/,
    ],
  ])('under protocol: list, %s: %j', (name, value, expected) => {
    expect(complaint({ protocol: 'list', [name]: value })).toMatch(expected)
  })

  it.each([
    ['drain-at', 'release-phase'],
    ['drain-from', 'dyno'],
  ])('is %s (%s) under protocol: list, since a dyno asks by the drain protocol', (name, value) => {
    expect(complaint({ protocol: 'list', [name]: value })).toContain(
      `${name} (${value}) can't be had under protocol: list. A dyno asks by the drain protocol: leave it out, or say protocol: gate.`,
    )
    expect(() => plan({ [name]: value })).not.toThrow()
  })

  it('is a redis-url beside drain-from: dyno, which uses the dyno’s own', () => {
    const inputs = { 'drain-from': 'dyno', 'redis-url': 'rediss://:pa55@redis.example:6380' }
    const text = complaint(inputs)
    expect(text).toMatch(/^redis-url means nothing under drain-from \(dyno\).*redis-config-var/)
    expect(text).not.toContain('pa55')
  })

  it.each(['list-request-key', 'list-response-key', 'list-message', 'list-resume-message'])(
    'is %s without protocol: list',
    (name) => {
      expect(complaint({ [name]: 'other' })).toContain(
        `${name} (other) means nothing under protocol (gate). Leave it out, or say protocol: list.`,
      )
    },
  )

  it('is not what the runner hands over of inputs that nobody has set', () => {
    const defaults = {
      'list-request-key': 'request',
      'list-response-key': 'response',
      'list-message': 'shutdown',
    }
    expect(() => plan({ ...defaults, protocol: 'gate' })).not.toThrow()
  })

  it('comes with all others, in one error', () => {
    const text = complaint({ 'heroku-app': '', branch: 'trunk', 'drain-timeout': '5' })
    expect(text).toContain("3 inputs can't be used")
    for (const name of ['heroku-app', 'branch', 'drain-timeout']) expect(text).toContain(`- ${name} `)
  })

  it('never quotes a secret', () => {
    const text = complaint({ 'heroku-api-key': 'HRKU 5ecre7', 'redis-url': 'http://:pa55word@host' })
    expect(text).toContain("heroku-api-key has a value that can't be used")
    expect(text).toContain("redis-url can't be used")
    expect(text).not.toMatch(/5ecre7|pa55word/)
  })

  it('is a misspelled input, with what was probably meant', () => {
    expect(complaint({}, { 'INPUT_ON-DRAIN-TIMOUT': 'force' })).toMatch(
      /on-drain-timout is not an input of this action\. Did you mean on-drain-timeout\?/,
    )
  })

  it('is not a variable of the job that resembles no input', () => {
    expect(() => plan({}, { INPUT_VERSION: '1', INPUT_ENVIRONMENT: 'staging' })).not.toThrow()
  })

  it('is a pin for a server without a certificate', () => {
    const text = complaint({ 'redis-url': 'redis://host:6379', 'redis-tls-fingerprint': 'ab'.repeat(32) })
    expect(text).toContain('redis-tls-fingerprint pins a certificate, but redis-url begins with redis://')
    const sentinel = { 'redis-url': 'redis+sentinel://host/gate', 'redis-tls-fingerprint': 'ab'.repeat(32) }
    expect(complaint(sentinel)).toContain(
      'begins with redis+sentinel://, which has none. Expected rediss+sentinel://',
    )
  })

  it.each([
    'http://example.com',
    'https://user:pa55word@example.com',
    'nonsense',
    'https://example.com/?a=1',
  ])('is the endpoint %s', (url) => {
    const text = complaint({}, { HEROKU_API_URL: url })
    expect(text).toContain('The environment variable HEROKU_API_URL holds no base URL')
    expect(text).not.toContain('pa55word')
  })
})

describe('secrets of a plan', () => {
  it('are the key in each form, the URL, and its password as written and as meant', () => {
    const secrets = secretsOfPlan(plan({ 'redis-url': 'rediss://:p%40ss@redis.example.com:6379' }))
    expect(secrets).toEqual(
      expect.arrayContaining([
        KEY,
        Buffer.from(`heroku:${KEY}`).toString('base64'),
        'rediss://:p%40ss@redis.example.com:6379',
        'p@ss',
        'p%40ss',
      ]),
    )
  })
})
