import { describe, expect, it } from 'vitest'
import { logLine, markdown } from '../../src/action/escape.ts'
import { renderGantt } from '../../src/action/gantt.ts'
import { renderSummary } from '../../src/action/summary.ts'
import type { DeployReport, ParticipantReport, Span } from '../../src/deploy/report.ts'
import { OUTCOMES } from '../../src/outcome.ts'

const clock: ParticipantReport = {
  id: 'clock.1#a',
  dyno: 'clock.1',
  type: 'clock',
  state: 'drained',
  acceptedSeconds: 0.1,
  drainedSeconds: 12.3,
  finished: 2,
  stored: 1,
  lost: 0,
  note: 'exporting',
}
const spans: Span[] = [
  { name: 'clock.1 draining', section: 'gate', fromMs: 1_000, toMs: 13_300, failed: false },
  { name: 'push and build', section: 'heroku', fromMs: 13_400, toMs: 40_000, failed: true },
]
const report = (over: Partial<DeployReport> = {}): DeployReport => ({
  outcome: 'deployed',
  message: 'shop runs 1a2b3c4d as v43.',
  next: '',
  app: 'shop',
  participants: [clock],
  drainSeconds: 12.3,
  quietSeconds: 61,
  jobsFinished: 2,
  jobsStored: 1,
  release: 'v43',
  commit: '1a2b3c4d5e6f708192a3b4c5d6e7f80192a3b4c5',
  url: 'https://shop.example.com/',
  warnings: [],
  spans,
  ...over,
})
const HOSTILE =
  '::error::x <img src=x onerror=alert(1)> [a](javascript:x) | `b` \n```\n## c @ada #1 \x1b[31mred ##[error]'

describe('a summary', () => {
  it('has the outcome first, then participants, then the chart', () => {
    const text = renderSummary(report())
    const at = ['## ✅ Deployed', '### Participants', '```mermaid'].map((part) => text.indexOf(part))
    expect(at).toEqual([...at].sort((a, b) => a - b))
    expect(at[0]).toBe(0)
    expect(text).toContain('| clock&#46;1 | drained | 0.1 s | 12.3 s | 2 | 1 | 0 | exporting |')
    expect(text).toContain('| Clock quiet for | 1 min 1 s |')
  })

  it('shows no count where nobody counts', () => {
    const { finished: _f, stored: _s, lost: _l, note: _n, ...uncounted } = clock
    const { jobsFinished: _jf, jobsStored: _js, ...rest } = report({ participants: [uncounted] })
    const text = renderSummary(rest)
    expect(text).toContain('| clock&#46;1 | drained | 0.1 s | 12.3 s | – | – | – |  |')
    expect(text).not.toContain('Jobs finished')
  })

  it.each(OUTCOMES)('has a heading for %s', (outcome) => {
    expect(renderSummary(report({ outcome })).split('\n')[0]).toMatch(/^## \S+ \S.*: shop$/)
  })

  it.each([
    ['deployed', '✅ Deployed'],
    ['up-to-date', '✅ Up to date'],
    ['dry-run', '✅ Dry run: a deploy could begin'],
    ['nothing-to-deploy', '❌ Not deployed, the app runs it already'],
    ['promotion-failed', '❌ Not deployed, the promotion failed'],
    ['command-failed', '❌ The deploy command failed'],
    ['dynos-not-up', '❌ Released, but its dynos are not up'],
    ['health-check-failed', '❌ Released, but the health check failed'],
    ['cancelled', '⏹️ Cancelled'],
  ] as const)('of %s has the heading %s', (outcome, heading) => {
    expect(renderSummary(report({ outcome })).split('\n')[0]).toBe(`## ${heading}: shop`)
  })

  it('of a release that was taken back says so first, and by which', () => {
    const text = renderSummary(report({ outcome: 'dynos-not-up', rollback: 'v44' }))
    expect(text.split('\n')[0]).toBe('## ❌ Released, but its dynos are not up, and taken back: shop')
    expect(text).toContain('| Release | v43 |\n| Taken back by | v44 |')
    expect(renderSummary(report())).not.toMatch(/taken back/i)
  })

  it('of a dry run has neither participants nor numbers of them', () => {
    const {
      release: _,
      drainSeconds: __,
      quietSeconds: ___,
      ...before
    } = report({
      outcome: 'dry-run',
      participants: [],
      jobsFinished: 0,
      jobsStored: 0,
      warnings: ['clock.1 has not joined'],
    })
    const text = renderSummary(before)
    expect(text).toMatch(/^## ⚠️ Dry run/)
    expect(text).not.toMatch(/Participants|Jobs|Release|quiet/)
  })

  it('says what to do, and what was warned of', () => {
    const text = renderSummary(report({ outcome: 'busy', next: 'Wait for it.', warnings: ['Redis is full'] }))
    expect(text).toContain('**What to do:** Wait for it&#46;')
    expect(text).toContain('### Warnings\n\n- Redis is full')
  })

  it('leaves a text from outside without effect', () => {
    const text = renderSummary(
      report({
        message: HOSTILE,
        warnings: [HOSTILE],
        participants: [{ ...clock, dyno: HOSTILE, note: HOSTILE, state: HOSTILE }],
        spans: [{ ...(spans[0] as Span), name: HOSTILE }],
      }),
    )
    expect(text).not.toMatch(/<img|\]\(javascript|^::|##\[|@ada|\n## c/m)
    expect(text).not.toContain('\x1b')
    expect(text.match(/```/g)).toHaveLength(2)
    for (const row of text.split('\n').filter((line) => line.includes('12.3 s |'))) {
      expect(row.match(/\|/g)).toHaveLength(9)
    }
  })

  it('links to the app as its URL is written', () => {
    const text = renderSummary(report({ url: 'https://shop.example.com/a%20b|`c`?d=%7C' }))
    expect(text).toContain('| App | <https://shop.example.com/a%20b%7C%60c%60?d=%7C> |')
  })

  it('stays under 1 MiB with 1,000 participants of many words, and shows first who did not drain', () => {
    const { drainedSeconds: _, ...undrained } = clock
    const many = Array.from({ length: 1_000 }, (_, i) => ({
      ...clock,
      dyno: `worker.${i}`,
      note: '|<>'.repeat(500),
    }))
    const bars = many.map(({ dyno }) => ({ ...(spans[0] as Span), name: `${dyno} draining` }))
    const text = renderSummary(
      report({ participants: [...many, { ...undrained, dyno: 'late' }], spans: bars }),
    )
    expect(Buffer.byteLength(text)).toBeLessThan(1_048_576)
    expect(text.split('\n').find((line) => line.startsWith('| ') && line.includes('drained |'))).toContain(
      'late',
    )
    expect(text).toContain('and 901 more')
  })
})

describe('a chart', () => {
  it('has a section each for gate and Heroku, and marks what failed', () => {
    expect(renderGantt(spans)).toBe(
      [
        'gantt',
        '  dateFormat x',
        '  axisFormat %M:%S',
        '  section Gate',
        '  12.3 s clock.1 draining :active, 1000, 13300',
        '  section Heroku',
        '  26.6 s push and build :crit, 13400, 40000',
      ].join('\n'),
    )
  })

  it('shows every phase of a deploy by its name', () => {
    const heroku = [
      ...['preflight', 'push and build', 'promotion', 'release of a slug', 'deploy command'],
      ...['release', 'new dynos', 'health check', 'rollback'],
    ]
    const all = [...heroku, 'new clock'].map(
      (name, i): Span => ({
        ...{ name, fromMs: i * 1_000, toMs: i * 1_000 + 500, failed: name === 'health check' },
        section: name === 'new clock' ? 'gate' : 'heroku',
      }),
    )
    const lines = renderGantt(all).split('\n')
    for (const name of heroku) {
      const bar = lines.find((line) => line.startsWith(`  0.5 s ${name} :`))
      expect(bar).toMatch(name === 'health check' ? /:crit, \d+, \d+$/ : /:\d+, \d+$/)
    }
    expect(lines.indexOf('  0.5 s new clock :active, 9000, 9500')).toBeLessThan(
      lines.indexOf('  section Heroku'),
    )
  })

  it('of a deploy that was taken back shows both drains, in the order of their time', () => {
    const twice: Span[] = [
      { name: 'clock.1 draining', section: 'gate', fromMs: 0, toMs: 5_000, failed: false },
      { name: 'clock.1 draining', section: 'gate', fromMs: 60_000, toMs: 61_000, failed: true },
    ]
    expect(renderGantt(twice).split('\n').slice(3)).toEqual([
      '  section Gate',
      '  5.0 s clock.1 draining :active, 0, 5000',
      '  1.0 s clock.1 draining :crit, 60000, 61000',
    ])
  })

  it('is nothing without bars', () => {
    expect(renderGantt([])).toBe('')
  })
})

describe('a line of the log', () => {
  it.each([
    ['::error::x', ': :error::x'],
    ['  ::stop-commands::x', '  : :stop-commands::x'],
    ['a ##[error]b', 'a ## [error]b'],
    ['a\n::error::b', 'a ::error::b'],
    ['\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link', 'red link'],
    ['gpj.exe\u202e', 'gpj.exe'],
  ])('%j', (given, shown) => {
    expect(logLine(given)).toBe(shown)
  })

  it('is bounded', () => {
    expect(logLine('x'.repeat(1e6)).length).toBeLessThanOrEqual(2_000)
  })
})

it('markdown keeps plain words as they are', () => {
  expect(markdown('exporting 12 reports')).toBe('exporting 12 reports')
})
