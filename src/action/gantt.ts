import type { Span } from '../deploy/report.ts'
import { formatDuration } from '../duration.ts'
import { chartName } from './escape.ts'

/** More bars make a chart that nobody reads. GitHub draws none with more than 50,000 characters. */
const MOST_BARS = 24
/** Bars begin and end at whole tenths of a second, as their texts do. */
const TENTH_MS = 100
const HOUR_MS = 3_600_000
/** The axis has about so many marks: on the narrow chart of a telephone their texts still stand side by side. */
const MOST_TICKS = 8
/** What stands between two marks, as mermaid has it. Each divides the next larger unit, or the marks would be uneven. */
const TICKS: readonly (readonly [amount: number, unit: 'second' | 'minute' | 'hour', ms: number])[] = [
  ...[1, 2, 5, 10, 15, 30].map((amount) => [amount, 'second', amount * 1_000] as const),
  ...[1, 2, 5, 10, 15, 30].map((amount) => [amount, 'minute', amount * 60_000] as const),
  ...[1, 2, 3, 6, 12].map((amount) => [amount, 'hour', amount * HOUR_MS] as const),
]

/**
 * GitHub draws in its own light or dark theme. These colours are readable on both, the themes' own are not: the texts beside bars that are
 * `active` or `done` are dark on dark. A text beside a bar keeps the theme's colour, as it stands on the page, and the lines stay behind it.
 */
const STYLE = {
  gantt: { barHeight: 22, barGap: 5, fontSize: 12, sectionFontSize: 12 },
  themeVariables: {
    ...{ taskBkgColor: '#5565c8', taskBorderColor: '#5565c8', taskTextColor: '#ffffff' },
    ...{ critBkgColor: '#cf222e', critBorderColor: '#cf222e' },
    ...{ sectionBkgColor: 'rgba(128,128,128,0.5)', altSectionBkgColor: 'transparent' },
  },
  themeCSS: '.tick line { opacity: 0.25 }',
}

/** The deploy as a mermaid Gantt chart, with time counted from its beginning; empty when there is no more than one bar. */
export function renderGantt(spans: readonly Span[]): string {
  if (spans.length < 2) return ''
  const shown = mostTelling(spans)
  const endMs = Math.max(...shown.map(({ toMs }) => toMs))
  const lines = [
    `%%{init: ${JSON.stringify(STYLE)}}%%`,
    'gantt',
    ...(shown.length < spans.length
      ? [`  title ${shown.length} of ${spans.length} phases: what failed and what took longest`]
      : []),
    // Local time in, local time out: with a number of milliseconds the axis would show the reader's time zone.
    '  dateFormat YYYY-MM-DDTHH:mm:ss.SSS',
    `  axisFormat ${endMs < HOUR_MS ? '%M:%S' : '%H:%M'}`,
    `  tickInterval ${tickInterval(endMs)}`,
  ]
  for (const [section, title] of [
    ['gate', 'Gate'],
    ['heroku', 'Heroku'],
  ] as const) {
    const bars = shown.filter((span) => span.section === section)
    if (bars.length > 0) lines.push(`  section ${title}`, ...bars.map((bar) => `  ${barOf(bar, endMs)}`))
  }
  return lines.join('\n')
}

/** All of Heroku's bars; of the participants, those that failed or took longest, in the order of their beginning. */
function mostTelling(spans: readonly Span[]): Span[] {
  const weight = ({ failed, section, fromMs, toMs }: Span) =>
    (section === 'heroku' ? 2e12 : 0) + (failed ? 1e12 : 0) + (toMs - fromMs)
  const kept = new Set([...spans].sort((a, b) => weight(b) - weight(a)).slice(0, MOST_BARS))
  return spans.filter((span) => kept.has(span))
}

function tickInterval(endMs: number): string {
  const [amount, unit] = TICKS.find(([, , ms]) => endMs / ms <= MOST_TICKS) ?? [1, 'day']
  return `${amount}${unit}`
}

function barOf({ name, fromMs, toMs, failed }: Span, endMs: number): string {
  const from = Math.max(0, Math.round(fromMs / TENTH_MS) * TENTH_MS)
  // So that a moment can be seen, too.
  const to = Math.max(toMs, from + TENTH_MS, from + endMs / 200)
  // A line that began with the name could be `section`, `click` or another word of mermaid's.
  return `${formatDuration(toMs - fromMs)} ${chartName(name)} :${failed ? 'crit, ' : ''}${timeOf(from)}, ${timeOf(to)}`
}

/** A day on which no clock is put forward or back anywhere. */
const DAY_MS = Date.UTC(2001, 0, 1)

function timeOf(ms: number): string {
  return new Date(DAY_MS + Math.round(ms)).toISOString().slice(0, -1)
}
