import { describe, expect, it } from 'vitest'
import { renderStatus } from '../../src/cli/status-table.ts'
import type { Intent, View } from '../../src/protocol/look.ts'
import type { Row } from '../../src/protocol/row.ts'

const NOW = 1_700_000_000_000
const EPOCH = '1700000000000000'

function row(over: Partial<Row> = {}): Row {
  const jobs = { running: 0, finished: 0, stored: 0 }
  const times = { joined: NOW - 3_600_000, seen: NOW - 2_000, until: NOW + 60_000 }
  const who = { id: `${over.dyno ?? 'clock.1'}#a`, v: '1', type: 'clock', dyno: 'clock.1', release: 'v42' }
  return { ...who, state: 'running', ...jobs, ...times, ...over }
}
const quiet = (state: Row['state'], over: Partial<Row> = {}) =>
  row({ state, epoch: EPOCH, hold: NOW + 48_000, ...over })

function intent(over: Partial<Intent> = {}): Intent {
  return {
    v: '1',
    id: 'deploy',
    epoch: EPOCH,
    phase: 'draining',
    leaseMs: 60_000,
    expiry: NOW + 48_000,
    began: NOW - 123_000,
    replaces: 'v42',
    asker: JSON.stringify({
      name: 'octocat, octocat/shop',
      commit: '0123456789abcdef',
      runUrl: 'https://ci/1',
    }),
    targets: [],
    ...over,
  }
}

const rows = [
  quiet('draining', { running: 2, finished: 1, note: 'counting boxes in the big warehouse' }),
  quiet('drained', { dyno: 'clock.10', stored: 12 }),
  quiet('failed', { dyno: 'clock.2', note: 'no', hold: NOW - 1 }),
  row({ dyno: 'worker.1', type: 'worker', release: 'v1042', seen: NOW - 20_000 }),
  row({ dyno: 'clock.3', state: 'exited', seen: NOW - 192_000, until: NOW - 192_000 }),
  quiet('drained', { dyno: 'clock.4', seen: NOW - 72_000, until: NOW - 1 }),
]

function render(view: Partial<View>, columns = Number.POSITIVE_INFINITY, colour = false): string[] {
  return renderStatus({ now: NOW, intent: intent(), rows, ...view }, 'default', { columns, colour })
}

describe('the table', () => {
  it('has who takes part first, then who is silent, then who has ended', () => {
    expect(`\n${render({}).join('\n')}\n`).toMatchInlineSnapshot(`
      "
      gate   default
      drain  draining, asked for 2 min 3 s ago, replaces v42
      asker  octocat, octocat/shop of 01234567 (https://ci/1)
      lease  48 s left, renewed 12 s ago

      DYNO      TYPE    RELEASE  STATE     RUN  FIN  STO   SEEN  HELD  NOTE
      clock.1   clock   v42      draining    2    1    0     2s   48s  counting boxes in the big warehouse
      clock.2   clock   v42      failed      0    0    0     2s     -  no
      clock.10  clock   v42      drained     0    0   12     2s   48s
      worker.1  worker  v1042    running     -    -    -    20s     -
      clock.4   clock   v42      silent      0    0    0  1m12s     -
      clock.3   clock   v42      exited      -    -    -  3m12s     -
      "
    `)
  })

  it('cuts notes, and keeps its columns, at 80', () => {
    const lines = render({}, 80)
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      gate   default
      drain  draining, asked for 2 min 3 s ago, replaces v42
      asker  octocat, octocat/shop of 01234567 (https://ci/1)
      lease  48 s left, renewed 12 s ago

      DYNO      TYPE    RELEASE  STATE     RUN  FIN  STO   SEEN  HELD  NOTE
      clock.1   clock   v42      draining    2    1    0     2s   48s  counting boxes…
      clock.2   clock   v42      failed      0    0    0     2s     -  no
      clock.10  clock   v42      drained     0    0   12     2s   48s
      worker.1  worker  v1042    running     -    -    -    20s     -
      clock.4   clock   v42      silent      0    0    0  1m12s     -
      clock.3   clock   v42      exited      -    -    -  3m12s     -
      "
    `)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('gives notes a line of their own where the columns leave no room, as with the long names of Fir', () => {
    const fir = [quiet('draining', { dyno: 'clock-12a34b56d-e78f9', running: 1, note: 'counting boxes' })]
    const lines = render({ rows: fir }, 80)
    expect(lines.slice(-2)).toEqual([
      expect.stringMatching(/^clock-12a34b56d-e78f9 {2}clock {2}v42/),
      '  counting boxes',
    ])
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('shows the run whole, where need be on a line of its own', () => {
    const asked = 'asker  octocat, octocat/shop of 01234567'
    const whole = `${asked} (https://ci/1)`
    expect(render({}, whole.length)[2]).toBe(whole)
    expect(render({}, whole.length - 1).slice(2, 4)).toEqual([asked, 'run    https://ci/1'])
  })

  it('is cut to a narrow terminal', () => {
    const lines = render({}, 30)
    expect(Math.max(...lines.map((line) => line.length))).toBe(30)
  })

  it('tells of an empty gate', () => {
    expect(render({ rows: [], intent: undefined })).toEqual([
      'gate   default',
      'drain  none in force',
      '',
      'Nobody takes part: no process of the app has joined this gate.',
    ])
  })

  it('tells a participant of another version apart', () => {
    expect(render({ rows: [row({ v: '2' })] }).at(-1)).toMatch(/clock\.1 +clock +v42 +version 2 /)
  })

  it('names no note where there is none', () => {
    expect(render({ rows: [row()] }).join('\n')).not.toContain('NOTE')
  })
})

describe('the drain', () => {
  const drain = (over: Partial<Intent>) => render({ intent: intent(over), rows: [] }).slice(1, -2)
  const byHand = '{"name":"alice","holds":true}'
  it.each<[string, Partial<Intent>, string[]]>([
    [
      'in force',
      { phase: 'pushing', leaseMs: 180_000, expiry: NOW + 170_000, replaces: '' },
      [
        'drain  pushing, asked for 2 min 3 s ago',
        'asker  octocat, octocat/shop of 01234567 (https://ci/1)',
        'lease  2 min 50 s left, renewed 10 s ago',
      ],
    ],
    [
      'left to its lease',
      { phase: 'pushing', asker: byHand, expiry: NOW + 540_000 },
      [
        'drain  pushing, asked for 2 min 3 s ago, replaces v42',
        'asker  alice',
        'lease  9 min left; deploy-gate resume ends it earlier',
      ],
    ],
    [
      'of another version',
      { v: '2', asker: '[]' },
      [
        'drain  draining, asked for 2 min 3 s ago, replaces v42 (in version 2 of the drain protocol)',
        'asker  another deploy',
        'lease  48 s left, renewed 12 s ago',
      ],
    ],
    [
      'released',
      { phase: 'released', finished: NOW - 180_000, asker: byHand },
      ['drain  none in force; the last one was released 3 min ago, asked for by alice'],
    ],
    [
      'lapsed',
      { phase: 'draining', expiry: NOW - 5_000, asker: byHand },
      ['drain  none in force; the last one lapsed 5 s ago, asked for by alice'],
    ],
    [
      'of a later version, in a phase of its own',
      { phase: 'waiting', asker: byHand },
      ['drain  none in force; the last one is waiting, asked for by alice'],
    ],
  ])('%s', (_, over, lines) => {
    expect(drain(over)).toEqual(lines)
  })
})

describe('for how long somebody is held', () => {
  const held = (one: Row, over: Partial<Intent> = {}) =>
    render({ rows: [one], intent: intent(over) })
      .at(-1)
      ?.split(/ +/)
      .at(-1)
  const left = { phase: 'pushing', asker: '{"holds":true}', expiry: NOW + 543_000, committed: NOW - 100_000 }
  it.each<[string, Row, Partial<Intent>, string]>([
    ['is what it said last', quiet('drained'), {}, '48s'],
    ['is never less than nothing', quiet('drained', { hold: NOW - 9_000 }), {}, '0s'],
    ['is not known of one that said nothing', quiet('drained', { hold: undefined as never }), {}, '-'],
    ['is nothing to one that runs', row(), {}, '-'],
    ['is the lease, for one that was told of a hold without renewals', quiet('drained'), left, '9m3s'],
    ['is not, for one that was not told yet', quiet('drained', { seen: NOW - 100_001 }), left, '48s'],
    ['is what it said, under a lease that is renewed', quiet('drained'), { ...left, asker: '{}' }, '48s'],
    ['ends at the cap', quiet('drained'), { ...left, began: NOW - 3_590_000 }, '10s'],
    ['is up to SIGTERM after a release', quiet('drained'), { phase: 'released' }, 'released'],
    [
      'is what it said, for the release of another drain',
      quiet('drained'),
      { phase: 'released', epoch: '9' },
      '48s',
    ],
    ['has hours', quiet('drained', { hold: NOW + 3_900_000 }), {}, '1h5m'],
  ])('%s', (_, one, over, expected) => {
    expect(held(one, over)).toBe(expected)
  })
})

describe('colour', () => {
  const ESC = '\u001b['
  it('dims who is not there any more, and marks states', () => {
    const lines = render({}, 80, true)
    const of = (dyno: string) => lines.find((line) => line.includes(dyno)) ?? ''
    expect([of('clock.3').startsWith(`${ESC}2m`), of('clock.3').endsWith(`${ESC}22m`)]).toEqual([true, true])
    expect(of('clock.4').startsWith(`${ESC}2m`)).toBe(true)
    expect(of('clock.2').startsWith(`${ESC}31m`)).toBe(true)
    expect(of('worker.1')).not.toContain(ESC)
  })

  it('is not there where it is not wanted', () => {
    expect(render({}).join('\n')).not.toContain(ESC)
  })
})

it('what a participant or a deploy writes is inert', () => {
  const evil = '\u001b[2J\u001b]0;title\u0007\u009b31m\r\nroot# \u202eexe'
  const hostile = row({ dyno: evil, type: evil, release: evil, note: evil, v: evil })
  const view = {
    rows: [hostile],
    intent: intent({ asker: JSON.stringify({ name: evil, runUrl: evil }), replaces: evil, phase: 'pushing' }),
  }
  for (const line of render(view, 200)) expect(line).toMatch(/^[\x20-\x7e…]*$/)
  const long = 'x'.repeat(200)
  const [head] = render({ rows: [row({ dyno: long, type: long, release: long, v: long })] }).slice(-2)
  expect(head?.length).toBeLessThan(110)
  const enormous = quiet('drained', { running: 1e300, seen: 0, hold: 1e300, until: 1e300 })
  expect(render({ rows: [enormous] }).at(-1)).toMatch(/ 999\+ .* 99h59m {2}99h59m$/)
})
