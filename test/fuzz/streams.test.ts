import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Attempted, classify } from '../../src/heroku/classify.ts'
import { adviceFor, troubleOf } from '../../src/heroku/git-trouble.ts'
import { createLineSplitter } from '../../src/process/lines.ts'
import { Account, STDOUT_PREFIX } from '../../src/supervisor/account.ts'
import { LineReader, LONGEST_LINE } from '../../src/supervisor/line-reader.ts'
import { anyText } from './support.ts'

/** A stream, and the same in other pieces. */
const stream = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc
        .constantFrom(
          '\n',
          '\r\n',
          '\r',
          'x'.repeat(5_000),
          `\n${'x'.repeat(4_096)}\n`,
          '{"running":1}',
          '✓🚀',
        )
        .map((text) => Buffer.from(text)),
    ),
    { maxLength: 20 },
  )
  .map((pieces) => Buffer.concat(pieces))
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 })

function inPieces(bytes: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...at.map((share) => Math.floor(share * bytes.length)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}

describe('lines are the same however a stream comes in pieces', () => {
  it('of git', () => {
    const read = (pieces: readonly Buffer[]) => {
      const lines: string[] = []
      const splitter = createLineSplitter((line) => lines.push(line))
      for (const piece of pieces) splitter.write(piece)
      splitter.end()
      return lines
    }
    fc.assert(
      fc.property(stream, cuts, (bytes, at) => {
        const whole = read([bytes])
        expect(read(inPieces(bytes, at))).toEqual(whole)
        for (const line of whole) {
          expect(line.length).toBeLessThanOrEqual(8_192)
          expect(line).toMatch(/^[^\r\n]*\S$/)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('of a supervised program', () => {
    const read = (pieces: readonly Buffer[]) => {
      const lines: [string, boolean][] = []
      const reader = new LineReader((line, whole) => lines.push([line.toString('latin1'), whole]))
      for (const piece of pieces) reader.write(piece)
      reader.end()
      return lines
    }
    fc.assert(
      fc.property(stream, cuts, (bytes, at) => {
        const whole = read([bytes])
        expect(read(inPieces(bytes, at))).toEqual(whole)
        const given = bytes.toString('latin1').split('\n')
        if (given.at(-1) === '') given.pop()
        expect(whole).toEqual(given.map((line) => [line.slice(0, LONGEST_LINE), line.length <= LONGEST_LINE]))
      }),
      { numRuns: 500 },
    )
  })
})

it('an account has whole counts, whatever a program writes', () => {
  const field = fc.constantFrom('running', 'finished', 'stored', 'note', '__proto__')
  const progress = fc
    .dictionary(field, fc.oneof(fc.nat(), fc.integer(), fc.double(), anyText))
    .map((all) => JSON.stringify(all))
  const line = fc.oneof({ weight: 3, arbitrary: progress }, anyText)
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 10 }),
      fc.constantFrom('', STDOUT_PREFIX),
      fc.nat({ max: 10 }),
      (lines, prefix, drainAt) => {
        const account = new Account(prefix, () => {})
        lines.forEach((text, at) => {
          if (at === drainAt) account.beginDrain()
          account.write(Buffer.from(`${prefix}${text}\n`))
          const { running = 0, finished = 0, stored = 0, note = '' } = account.progress
          for (const count of [running, finished, stored])
            expect(Number.isSafeInteger(count) && count >= 0).toBe(true)
          expect(typeof note).toBe('string')
        })
        account.end()
      },
    ),
    { numRuns: 500 },
  )
})

describe('whatever git prints', () => {
  const attempted: Attempted = {
    app: 'shop',
    branch: 'main',
    commit: 'a'.repeat(40),
    remoteUrl: 'https://git.heroku.com/shop.git',
  }
  const flag = fc.constantFrom(' ', '+', '*', '=', '!', '-', 'x')
  const ref = fc
    .tuple(flag, fc.constantFrom('main', 'other'), anyText)
    .map(([sign, branch, summary]) => `${sign}\tHEAD:refs/heads/${branch}\t${summary}`)
  const said = fc.oneof(
    anyText,
    fc.constantFrom(
      'fatal: Authentication failed',
      'error: RPC failed',
      'remote: ! Push rejected, no.',
      'remote: -----> Building',
      'fatal: unable to access x',
    ),
  )

  it('has a verdict, and the ref of the branch alone makes it a push', () => {
    const code = fc.constantFrom(0, 1, 128, null)
    fc.assert(
      fc.property(
        code,
        fc.array(fc.oneof(ref, anyText), { maxLength: 5 }),
        fc.array(said, { maxLength: 8 }),
        (code, stdout, stderr) => {
          const verdict = classify({ code, stdout, stderr }, attempted)
          if (verdict.kind === 'pushed' || verdict.kind === 'up-to-date') {
            expect(code).toBe(0)
            expect(stdout.some((line) => line.includes(':refs/heads/main\t'))).toBe(true)
          }
          if (verdict.kind === 'failed') expect(verdict.error.outcome).toMatch(/^(push|build)-failed$/)
          if (verdict.kind === 'failed') expect(verdict.error.next).not.toBe('')
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('has an advice', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 8 }), (lines) => {
        const { message, next } = adviceFor(troubleOf(lines), 'shop', attempted.remoteUrl)
        expect([message, next].every((text) => text.length > 10 && text.length < 1_000)).toBe(true)
      }),
    )
  })
})
