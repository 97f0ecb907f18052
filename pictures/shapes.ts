/**
 * Reports that no deploy shows within a minute: many participants, long builds, hostile names. They are written by hand, and their
 * pictures are to be looked at when the summary changes, never to be committed.
 */
import type { DeployReport, ParticipantReport, Span } from '../src/deploy/report.ts'
import { HOSTILE } from '../test/support/hostile.ts'

const MINUTE_MS = 60_000

const gate = (name: string, fromMs: number, toMs: number, failed = false): Span => ({
  ...{ name, fromMs, toMs, failed },
  section: 'gate',
})
const heroku = (name: string, fromMs: number, toMs: number, failed = false): Span => ({
  ...{ name, fromMs, toMs, failed },
  section: 'heroku',
})

const participant = (dyno: string, over: Partial<ParticipantReport> = {}): ParticipantReport => ({
  ...{ id: `${dyno}#a`, dyno, type: dyno.split('.')[0] ?? dyno, state: 'drained' },
  ...{ acceptedSeconds: 0.1, drainedSeconds: 12.3, finished: 1, stored: 0, lost: 0 },
  ...over,
})

const deployed: DeployReport = {
  outcome: 'deployed',
  message: 'shop runs 1a2b3c4d as v43.',
  next: '',
  app: 'shop',
  participants: [participant('clock.1')],
  drainSeconds: 12.3,
  quietSeconds: 61,
  jobsFinished: 1,
  jobsStored: 0,
  release: 'v43',
  commit: '1a2b3c4d5e6f708192a3b4c5d6e7f80192a3b4c5',
  url: 'https://shop-1a2b3c4d5e6f.herokuapp.com/',
  warnings: [],
  spans: [],
}

/** A deploy whose build begins at `fromMs` and takes `buildMs`. */
function builtFor(buildMs: number, fromMs = 13_300): Span[] {
  const built = fromMs + buildMs
  return [
    heroku('preflight', 0, 900),
    gate('clock.1 asked', 900, 1_000),
    gate('clock.1 draining', 1_000, fromMs - 100),
    heroku('push and build', fromMs, built),
    heroku('release', built, built + 1_200),
    heroku('new dynos', built + 1_200, built + 9_000),
    gate('new clock', built + 1_200, built + 11_000),
  ]
}

const LONG = 'a-process-type-with-a-name-of-64-characters-as-long-as-it-may-be'

function crowd(size: number): DeployReport {
  const dynos = Array.from({ length: size }, (_, at) => `worker.${at + 1}`)
  const late = (at: number) => at % 13 === 12
  const took = (at: number) => 2_000 + ((at * 7_919) % 60_000)
  return {
    ...deployed,
    outcome: 'drain-timeout',
    message:
      'Not drained within 1 min: worker.13 (1 job running, exporting invoices), worker.26 (1 job running) and worker.39 (1 job running). Nothing was pushed, and the clock goes on.',
    next: 'Raise drain-timeout, or choose what happens then by on-drain-timeout.',
    participants: dynos.map((dyno, at) => {
      const { drainedSeconds: _, ...undone } = participant(dyno, { state: 'draining', finished: 0 })
      return late(at)
        ? { ...undone, note: 'exporting invoices of 2026 for the tax office' }
        : participant(dyno, { drainedSeconds: took(at) / 1_000 })
    }),
    spans: [
      heroku('preflight', 0, 900),
      ...dynos.flatMap((dyno, at) => [
        gate(`${dyno} asked`, 900, 1_000),
        gate(`${dyno} draining`, 1_000, late(at) ? 61_000 : took(at), late(at)),
      ]),
    ],
  }
}

function hostile([does, text]: readonly [string, string], at: number): [string, DeployReport] {
  return [
    `hostile-${at}-${does.replace(/\W+/g, '-')}`,
    {
      ...deployed,
      outcome: 'refused',
      message: `${text} refused to drain: ${text}`,
      next: text || 'x',
      app: `shop${text}`,
      participants: [participant(text, { note: text, state: text })],
      warnings: [text, 'Redis is full'],
      spans: [...builtFor(20_000), gate(`${text} draining`, 2_000, 9_000, true)],
    },
  ]
}

export const SHAPES: Readonly<Record<string, DeployReport>> = {
  'build-of-12-min': { ...deployed, spans: builtFor(12 * MINUTE_MS) },
  'drain-of-40-min': { ...deployed, drainSeconds: 2_400, spans: builtFor(3 * MINUTE_MS, 40 * MINUTE_MS) },
  'drain-of-2-h': { ...deployed, drainSeconds: 7_200, spans: builtFor(12 * MINUTE_MS, 120 * MINUTE_MS) },
  'three-participants': {
    ...deployed,
    participants: [
      participant('clock.1', { finished: 2, note: 'exporting invoices' }),
      participant('worker.1', { finished: 14, stored: 1, drainedSeconds: 48.2 }),
      participant('worker.2', { finished: 0, drainedSeconds: 0.4 }),
    ],
    warnings: ['worker.2 was not heard of for 12 s; its hold was renewed since.'],
    spans: [
      ...builtFor(95_000, 50_000),
      gate('worker.1 draining', 1_000, 49_200),
      gate('worker.2 draining', 1_000, 1_400),
    ],
  },
  'forty-participants': crowd(40),
  'hundreds-of-participants': crowd(400),
  'long-names': {
    ...deployed,
    app: 'a-heroku-app-with-a-long-name1',
    participants: [
      participant(`${LONG}.1`, { note: 'exporting the invoices of all customers of all regions '.repeat(3) }),
      participant(`${LONG}.2`),
    ],
    spans: [
      ...builtFor(95_000),
      gate(`${LONG}.1 draining`, 1_000, 12_000),
      gate(`${LONG}.2 draining`, 1_000, 2_000),
    ],
  },
  ...Object.fromEntries(HOSTILE.map(hostile)),
}
