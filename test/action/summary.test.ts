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
  it('has the outcome first, then warnings, participants and the chart', () => {
    const text = renderSummary(report({ warnings: ['It was forced.'] }))
    const at = ['## ⚠️ Deployed', '| Release', '- It was', '### Participants', '```mermaid'].map((part) =>
      text.indexOf(part),
    )
    expect(at).toEqual([...at].sort((a, b) => a - b))
    expect(at[0]).toBe(0)
    expect(text).toContain('| clock&#46;1 | drained | 0.1 s | 12 s | 2 | 1 | 0 | exporting |')
    expect(text).toContain(
      [
        '| Release | Commit | App | Drained in | Clock quiet for | Jobs finished | Jobs stored |',
        '|---|---|---|---|---|---|---|',
        '| v43 | <code>1a2b3c4d5e6f</code> | [shop](<https://shop.example.com/>) | 12 s | 1 min 1 s | 2 | 1 |',
      ].join('\n'),
    )
  })

  it('has no column of which nothing is known', () => {
    const { finished: _f, stored: _s, lost: _l, note: _n, ...uncounted } = clock
    const { jobsFinished: _jf, jobsStored: _js, release: _r, ...rest } = report({ participants: [uncounted] })
    const text = renderSummary(rest)
    expect(text).toContain('| Dyno | State | Accepted after | Drained after |\n|---|---|--:|--:|\n')
    expect(text).toContain('| Commit | App | Drained in | Clock quiet for |\n')
  })

  it('marks what is known of some alone', () => {
    const { drainedSeconds: _d, lost: _l, note: _n, ...late } = { ...clock, dyno: 'late', state: 'draining' }
    const text = renderSummary(report({ participants: [clock, late] }))
    expect(text).toContain('| late | draining | 0.1 s | – | 2 | 1 | – | – |\n| clock&#46;1 |')
  })

  it('counts no jobs of a drain that came to nothing', () => {
    const { drainSeconds: _, ...rest } = report({ outcome: 'refused' })
    expect(renderSummary(rest)).not.toContain('Jobs')
  })

  it.each(OUTCOMES)('has a heading for %s', (outcome) => {
    expect(renderSummary(report({ outcome })).split('\n')[0]).toMatch(/^## \S+ \S.*: shop$/)
  })

  it.each([
    ['deployed', '✅ Deployed'],
    ['up-to-date', '✅ Up to date'],
    ['dry-run', '✅ Dry run, a deploy could begin'],
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
    expect(text).toMatch(/\n\| Release \| Taken back by \|.*\n.*\n\| v43 \| v44 \|/)
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

  it('shows a command to type as code', () => {
    const next = 'See `heroku ps --app a_b`, or `heroku logs`. One ` alone is none.'
    expect(
      renderSummary(report({ outcome: 'failed', message: 'Ask `heroku`.', next, warnings: ['`x`'] })),
    ).toMatch(
      /\n\nAsk <code>heroku<\/code>&#46;\n\n\*\*What to do:\*\* See <code>heroku ps &#45;&#45;app a&#95;b<\/code>, or <code>heroku logs<\/code>&#46; One &#96; alone is none&#46;\n[\s\S]*\n- <code>x<\/code>\n/,
    )
  })

  it('leaves a text from outside without effect', () => {
    const text = renderSummary(
      report({
        message: HOSTILE,
        warnings: [HOSTILE],
        participants: [{ ...clock, dyno: HOSTILE, note: HOSTILE, state: HOSTILE }],
        spans: spans.map((span) => ({ ...span, name: HOSTILE })),
      }),
    )
    expect(text).not.toMatch(/<img|\]\(javascript|^::|##\[|@ada|\n## c/m)
    expect(text).not.toContain('\x1b')
    expect(text.match(/```/g)).toHaveLength(2)
    for (const row of text.split('\n').filter((line) => line.includes('| 12 s | 2 |'))) {
      expect(row.match(/\|/g)).toHaveLength(9)
    }
  })

  it('links to the app as its URL is written', () => {
    const text = renderSummary(report({ url: 'https://shop.example.com/a%20b|`c`?d=%7C&copy=1' }))
    expect(text).toContain('| [shop](<https://shop.example.com/a%20b%7C%60c%60?d=%7C&amp;copy=1>) |')
  })

  it('folds those away that drained when they are many, and nobody else', () => {
    const { drainedSeconds: _, ...undrained } = clock
    const many = (drained: number, late: number) =>
      renderSummary(
        report({
          participants: [
            ...Array.from({ length: drained }, (_, at) => ({ ...clock, dyno: `done${at}` })),
            ...Array.from({ length: late }, (_, at) => ({ ...undrained, dyno: `late${at}` })),
          ],
        }),
      ).split('<details>')
    expect(many(10, 0)).toHaveLength(1)
    const [inSight, folded] = many(30, 12)
    expect(inSight?.match(/\| late/g)).toHaveLength(12)
    expect(inSight).not.toContain('| done')
    // Markdown is read within HTML only after an empty line.
    expect(folded).toMatch(
      /^<summary>30 more that drained<\/summary>\n\n\| Dyno[\s\S]*\| done29 [\s\S]*\n\n<\/details>\n/,
    )
    expect(many(20, 0)[0]?.match(/\| done/g)).toHaveLength(10)
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
    const [style, ...lines] = renderGantt(spans).split('\n')
    expect(style).toMatch(/^%%\{init: \{.*\}\}%%$/)
    expect(lines).toEqual([
      'gantt',
      '  dateFormat YYYY-MM-DDTHH:mm:ss.SSS',
      '  axisFormat %M:%S',
      '  tickInterval 5second',
      '  section Gate',
      '  12 s clock.1 draining :2001-01-01T00:00:01.000, 2001-01-01T00:00:13.300',
      '  section Heroku',
      '  27 s push and build :crit, 2001-01-01T00:00:13.400, 2001-01-01T00:00:40.000',
    ])
  })

  it.each([
    [7_000, '%M:%S', '1second'],
    [65_000, '%M:%S', '10second'],
    [14 * 60_000, '%M:%S', '2minute'],
    [2.3 * 3_600_000, '%H:%M', '30minute'],
    [24 * 3_600_000, '%H:%M', '3hour'],
    [7 * 24 * 3_600_000, '%H:%M', '1day'],
  ])('that is %d ms long has few marks', (toMs, format, interval) => {
    const long = renderGantt([
      { ...spans[0], toMs: 2_000 },
      { ...spans[1], fromMs: 2_000, toMs },
    ] as Span[])
    expect(long).toContain(`\n  axisFormat ${format}\n  tickInterval ${interval}\n`)
  })

  it('has a bar to see also for a moment', () => {
    const moment: Span = { name: 'clock.1 draining', section: 'gate', fromMs: 940, toMs: 950, failed: false }
    expect(renderGantt([moment, ...spans])).toContain(
      '\n  0 s clock.1 draining :2001-01-01T00:00:00.900, 2001-01-01T00:00:01.100\n',
    )
    expect(renderGantt([moment, { ...(spans[0] as Span), toMs: 5_000 }])).toContain(
      '\n  0 s clock.1 draining :2001-01-01T00:00:00.900, 2001-01-01T00:00:01.000\n',
    )
  })

  it('of many phases has those that tell most, and says so', () => {
    const many = Array.from({ length: 40 }, (_, at): Span => {
      return { name: `worker.${at} draining`, section: 'gate', fromMs: 0, toMs: 1_000 + at, failed: at === 3 }
    })
    const lines = renderGantt([...many, ...spans]).split('\n')
    expect(lines[2]).toBe('  title 24 of 42 phases: what failed and what took longest')
    expect(lines.filter((line) => /^ {2}\d/.test(line))).toHaveLength(24)
    expect(lines.join()).toMatch(/worker\.3 draining :crit.*worker\.39 .*clock\.1 .*push and build/)
    expect(lines.join()).not.toContain('worker.4 ')
  })

  it('keeps of a long name what it ends with', () => {
    const bars = renderGantt([
      { ...(spans[0] as Span), name: `${'x'.repeat(64)}.1 draining` },
      spans[1] as Span,
    ])
    expect(bars).toMatch(/\n {2}12 s x{24}…x{13}\.1 draining :/)
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
      expect(bar).toMatch(name === 'health check' ? / :crit, 2001\S+, 2001\S+$/ : / :2001\S+, 2001\S+$/)
    }
    const newClock = lines.indexOf('  0.5 s new clock :2001-01-01T00:00:09.000, 2001-01-01T00:00:09.500')
    expect(lines.slice(newClock)).toContain('  section Heroku')
    expect(newClock).toBeGreaterThan(lines.indexOf('  section Gate'))
  })

  it('of a deploy that was taken back shows both drains, in the order of their time', () => {
    const twice: Span[] = [
      { name: 'clock.1 draining', section: 'gate', fromMs: 0, toMs: 5_000, failed: false },
      { name: 'clock.1 draining', section: 'gate', fromMs: 60_000, toMs: 61_000, failed: true },
    ]
    expect(renderGantt(twice).split('\n').slice(5)).toEqual([
      '  section Gate',
      '  5 s clock.1 draining :2001-01-01T00:00:00.000, 2001-01-01T00:00:05.000',
      '  1 s clock.1 draining :crit, 2001-01-01T00:01:00.000, 2001-01-01T00:01:01.000',
    ])
  })

  it('is nothing where there is nothing to compare', () => {
    expect(renderGantt([])).toBe('')
    expect(renderGantt(spans.slice(1))).toBe('')
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
