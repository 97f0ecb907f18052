import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readHealthCheck } from '../../src/action/health-inputs.ts'
import { InputReader } from '../../src/action/input-reader.ts'

function read(inputs: Record<string, string>) {
  const reader = new InputReader((name) => inputs[name] ?? '')
  return { check: readHealthCheck(reader), problems: reader.problems }
}
const PATH = { 'health-check-url': '/healthz' }

describe('a health check', () => {
  it('is none unless it is asked for', () => {
    expect(read({})).toEqual({ check: undefined, problems: [] })
  })

  it('has the documented defaults', () => {
    expect(read(PATH)).toEqual({
      check: { url: '/healthz', statuses: [[200, 200]], timeoutMs: 120_000, intervalMs: 5_000 },
      problems: [],
    })
  })

  it('has what is given', () => {
    const inputs = {
      'health-check-url': 'https://shop.example.com/up?key=5ecre7',
      'health-check-status': '2xx, 301 ,400 - 404',
      'health-check-body': '"ok": true',
      'health-check-timeout': '1m',
      'health-check-interval': '2s',
    }
    expect(read(inputs)).toEqual({
      check: {
        url: 'https://shop.example.com/up?key=5ecre7',
        statuses: [
          [200, 299],
          [301, 301],
          [400, 404],
        ],
        body: '"ok": true',
        timeoutMs: 60_000,
        intervalMs: 2_000,
      },
      problems: [],
    })
  })

  it.each([
    ['health-check-status', '204'],
    ['health-check-body', 'ok'],
    ['health-check-timeout', '1m'],
    ['health-check-interval', '1s'],
  ])('means nothing as %s alone', (name, value) => {
    expect(read({ [name]: value })).toEqual({
      check: undefined,
      problems: [
        `${name} ("${value}") means nothing without health-check-url. Leave it out, or say what to check.`,
      ],
    })
  })

  it('is none where the runner hands over the defaults of inputs that nobody has set', () => {
    const inputs = {
      'health-check-status': '200',
      'health-check-timeout': '2m',
      'health-check-interval': '5s',
    }
    expect(read(inputs)).toEqual({ check: undefined, problems: [] })
  })
})

describe('an address', () => {
  it.each(['/', '/healthz?key=a', 'http://127.0.0.1:8080/', 'HTTPS://shop.example.com'])('is %s', (url) => {
    expect(read({ 'health-check-url': url })).toMatchObject({ check: { url }, problems: [] })
  })

  it.each([
    '//evil.example.com/',
    '/\\evil.example.com/',
    'shop.example.com',
    'ftp://shop.example.com',
    'javascript:alert(1)',
    '/a b?key=5ecre7',
    'https://user:5ecre7@shop.example.com',
    'https://5ecre7@shop.example.com',
  ])('is not %s, which is not quoted: a key may stand in it', (url) => {
    expect(read({ 'health-check-url': url }).problems).toEqual([
      "health-check-url has a value that can't be used. Expected an address (https://…) without user and password, or a path (/healthz).",
    ])
  })

  it('is always of the app itself when it is a path', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('/', '\\', '.', '@', ':', '?', '#', 'a', '%2f') }),
        (rest) => {
          const url = `/${rest}`
          const { check, problems } = read({ 'health-check-url': url })
          if (problems.length > 0) return
          expect(new URL(check?.url ?? '', 'https://shop.example.com/').host).toBe('shop.example.com')
        },
      ),
    )
  })
})

describe('statuses', () => {
  const statuses = (text: string) => read({ ...PATH, 'health-check-status': text })

  it.each(['', '200,', '20', '2xxx', '6xx', '099', '204-200', '200-', 'ok', '200 204', '200;204', '1e2'])(
    'are not %j',
    (text) => {
      const { problems } = statuses(text)
      expect(problems).toEqual(
        text === ''
          ? []
          : [`health-check-status is "${text}". Expected HTTP statuses by comma: 200, 2xx, 200-204.`],
      )
    },
  )

  const status = fc.integer({ min: 100, max: 599 })
  const entry = fc.oneof(
    status.map((one) => ({ text: `${one}`, range: [one, one] })),
    fc.integer({ min: 1, max: 5 }).map((one) => ({ text: `${one}xx`, range: [one * 100, one * 100 + 99] })),
    fc
      .tuple(status, status, fc.constantFrom('-', ' - '))
      .map(([a, b, dash]) => [Math.min(a, b), Math.max(a, b), dash] as const)
      .map(([first, last, dash]) => ({ text: `${first}${dash}${last}`, range: [first, last] })),
  )

  it('are what is written, whatever is', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(',', ', ', ' ,\n'),
        (all, comma) => {
          const { check, problems } = statuses(all.map(({ text }) => text).join(comma))
          expect(problems).toEqual([])
          expect(check?.statuses).toEqual(all.map(({ range }) => range))
        },
      ),
    )
  })

  it('are each from–to, within what HTTP knows, or none and a problem', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('0', '1', '2', '5', '9', 'x', 'X', '-', ',', ' ') }),
        (text) => {
          const { check, problems } = statuses(text)
          expect(check?.statuses.length === 0).toBe(problems.length > 0)
          for (const [first, last] of check?.statuses ?? []) {
            expect(first).toBeGreaterThanOrEqual(100)
            expect(last).toBeGreaterThanOrEqual(first)
            expect(last).toBeLessThanOrEqual(599)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
