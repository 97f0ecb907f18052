import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../src/action/input-names.ts'
import { readPlan } from '../../src/action/inputs.ts'
import { UsageError } from '../../src/cli/command.ts'
import { readDrainRequest } from '../../src/cli/drain-options.ts'
import { parseProcesses } from '../../src/deploy/processes.ts'
import { formatDuration, parseDuration } from '../../src/duration.ts'
import { DeployError } from '../../src/outcome.ts'
import { parseRedisUrl, secretsOfRedisUrl } from '../../src/redis/address.ts'
import { parseFingerprints } from '../../src/redis/fingerprint.ts'
import { anyText, thrownBy } from './support.ts'

const SECRET = 'pa55-0f-nobody'

it('inputs are a plan, or one error that shows no secret', () => {
  const names = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]
  const likely = fc.constantFrom(
    'true',
    'fail',
    'force',
    '90s',
    '5m',
    'clock=2',
    'shop',
    'list',
    'rediss://:x@h/1',
    '',
  )
  const inputs = fc.dictionary(fc.constantFrom(...names), fc.oneof(likely, anyText), { maxKeys: 8 })
  const secret = fc.constantFrom(
    SECRET,
    `http://:${SECRET}@x`,
    `redis://:${SECRET}@x/y`,
    `${SECRET} `,
    `\n${SECRET}`,
  )
  fc.assert(
    fc.property(inputs, secret, (given, hidden) => {
      const all: Record<string, string> = {
        ...given,
        'redis-url': hidden,
        'heroku-api-key': `${SECRET}\t${hidden}`,
      }
      const error = thrownBy(() => readPlan({ getInput: (name) => all[name] ?? '', env: {} }))
      expect(error).toBeInstanceOf(DeployError)
      const { message, next, outcome } = error as DeployError
      expect(outcome).toBe('preflight-failed')
      expect(message + next).not.toContain(SECRET)
    }),
    { numRuns: 500 },
  )
})

it('a command line is a request, or one error', () => {
  const option = fc.constantFrom(
    '--timeout',
    '--hold',
    '--by',
    '--processes',
    '--json',
    '--gate',
    '--on-timeout',
    '--',
    '-x',
  )
  fc.assert(
    fc.property(
      fc.array(fc.oneof(option, anyText, fc.constant('5m')), { maxLength: 6 }),
      anyText,
      (args, name) => {
        const env = { REDIS_URL: `redis://:${SECRET}@127.0.0.1`, DEPLOY_GATE_NAME: name, GITHUB_SHA: name }
        const error = thrownBy(() => readDrainRequest(args, env))
        if (error === undefined) return
        expect(error instanceof UsageError || error instanceof DeployError).toBe(true)
        expect((error as Error).message).not.toContain(SECRET)
      },
    ),
    { numRuns: 500 },
  )
})

it('no Redis URL shows anything of itself in the error that it causes', () => {
  const url = fc.oneof(
    anyText,
    fc
      .tuple(
        fc.constantFrom(
          'redis',
          'rediss',
          'redis+sentinel',
          'rediss+cluster',
          'redis-sentinel',
          'http',
          'javascript',
        ),
        anyText,
      )
      .map(([scheme, rest]) => `${scheme}://${rest}`),
  )
  fc.assert(
    fc.property(url, (text) => {
      const error = thrownBy(() => parseRedisUrl(text))
      if (error === undefined) return void expect(secretsOfRedisUrl(text)).toContain(text)
      expect(error).toBeInstanceOf(RangeError)
      expect((error as Error).message).toMatch(/^[a-zA-Z0:/ ,;%#'+[\]-]{10,120}$/)
    }),
    { numRuns: 1_000 },
  )
})

describe('what is written is what is read:', () => {
  it('a Redis URL', () => {
    const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).map((text) => text.toWellFormed())
    fc.assert(
      fc.property(
        word,
        word,
        fc.domain(),
        fc.integer({ min: 1, max: 65_535 }),
        fc.nat({ max: 99_999 }),
        (username, password, host, port, db) => {
          const [user, pass] = [encodeURIComponent(username), encodeURIComponent(password)]
          const text = `rediss://${user}:${pass}@${host}:${port}/${db}`
          expect(parseRedisUrl(text)).toEqual({
            ...{ host: host.toLowerCase(), port, tls: true },
            username,
            password,
            db,
          })
          expect(secretsOfRedisUrl(text)).toEqual(expect.arrayContaining([text, password]))
        },
      ),
    )
  })

  it('durations', () => {
    fc.assert(
      fc.property(fc.nat({ max: 999_999 }), fc.constantFrom('s', 'm', 'h'), anyText, (amount, unit, more) => {
        const factor = { s: 1_000, m: 60_000, h: 3_600_000 }[unit]
        expect(parseDuration(`${amount}${unit}`)).toBe(amount * factor)
        expect(parseDuration(`${amount + 1_000_000}${unit}`)).toBe(undefined)
        const other = parseDuration(more)
        expect(other === undefined || Number.isSafeInteger(other)).toBe(true)
      }),
    )
  })

  it('every number of milliseconds has words, and few of them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer()), (ms) => {
        expect(formatDuration(ms).length).toBeLessThan(40)
        expect(formatDuration(ms)).not.toMatch(/^-/)
      }),
    )
  })

  it('processes', () => {
    const type = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/)
    const wanted = fc.uniqueArray(fc.record({ type, atLeast: fc.integer({ min: 1, max: 1_000 }) }), {
      selector: (one) => one.type,
      ...{ minLength: 1, maxLength: 5 },
    })
    fc.assert(
      fc.property(wanted, fc.constantFrom(',', '\n', ' , '), (all, comma) => {
        const text = all.map((one) => `${one.type}=${one.atLeast}`).join(comma)
        expect(parseProcesses(text)).toEqual({
          asked: all.map((one) => ({ ...one, demanded: true })),
          problems: [],
        })
      }),
    )
    fc.assert(
      fc.property(fc.oneof(anyText, fc.stringMatching(/^[a-z]{90,110}$/)), (text) => {
        for (const one of parseProcesses(text).asked) expect(one.type).toMatch(/^[\w-]{1,100}$/)
      }),
    )
  })

  it('fingerprints', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{64}$/), anyText, (digits, more) => {
        expect(parseFingerprints(digits.toUpperCase().replace(/..(?=.)/g, '$&:'))).toEqual([digits])
        for (const pin of parseFingerprints(more) ?? []) expect(pin).toMatch(/^[0-9a-f]{64}$/)
      }),
    )
  })
})
