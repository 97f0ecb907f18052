import type { Span } from '../deploy/report.ts'
import { chartName } from './escape.ts'

/** GitHub draws no chart with more than 50,000 characters; one with more bars can't be read anyway. */
const MOST_BARS = 60
const HOUR_MS = 3_600_000

/** The deploy as a mermaid Gantt chart, with time counted from its beginning; empty when there is nothing to show. */
export function renderGantt(spans: readonly Span[]): string {
  if (spans.length === 0) return ''
  const shown = mostTelling(spans)
  const endMs = Math.max(...shown.map(({ toMs }) => toMs))
  const lines = ['gantt', '  dateFormat x', `  axisFormat ${endMs < HOUR_MS ? '%M:%S' : '%H:%M:%S'}`]
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

function barOf({ name, fromMs, toMs, failed, section }: Span, endMs: number): string {
  // So that a moment can be seen, too.
  const leastMs = Math.max(1, endMs / 200)
  const style = failed ? 'crit, ' : section === 'gate' ? 'active, ' : ''
  const seconds = ((toMs - fromMs) / 1_000).toFixed(1)
  // A line that began with the name could be `section`, `click` or another word of mermaid's.
  return `${seconds} s ${chartName(name)} :${style}${Math.round(fromMs)}, ${Math.round(Math.max(toMs, fromMs + leastMs))}`
}
