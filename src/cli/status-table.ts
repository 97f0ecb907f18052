import { styleText } from 'node:util'
import { formatDuration } from '../duration.ts'
import { describeAsker, nameAsker, readAsker } from '../gate/asker.ts'
import { heldUntil } from '../gate/quiet.ts'
import { oneLine } from '../one-line.ts'
import { type Intent, isInForce, lastGiven, type View } from '../protocol/look.ts'
import { isAlive, PROTOCOL_VERSION, type Row } from '../protocol/row.ts'
import { type Column, renderTable } from './table.ts'

/** Where a table is shown. */
export interface Paper {
  /** characters in a line; infinite where nothing limits them */
  readonly columns: number
  readonly colour: boolean
}

type Style = Parameters<typeof styleText>[0]

const STYLES: Record<string, Style> = {
  draining: 'yellow',
  drained: 'cyan',
  failed: 'red',
  booting: 'yellow',
}
type Fact = readonly [name: string, value: string]

/** Characters of what a fact is called, with the blanks after it. */
const LABEL = 7
/** Narrower, and a note tells nothing: it gets a line of its own. */
const NARROWEST_NOTE = 12

/** The gate as a person wants to see it: the drain in force, then who takes part, then who did. Texts of others are inert. */
export function renderStatus(view: View, gateName: string, paper: Paper): string[] {
  const facts = factsOf(view, gateName, paper).map(([name, value]) =>
    oneLine(`${name.padEnd(LABEL)}${value}`, paper.columns),
  )
  const rows = [...view.rows].sort(
    (a, b) => order(a, view.now) - order(b, view.now) || compare(a.dyno, b.dyno) || b.joined - a.joined,
  )
  if (rows.length === 0) {
    return [
      ...facts,
      '',
      oneLine('Nobody takes part: no process of the app has joined this gate.', paper.columns),
    ]
  }
  return [...facts, '', ...participants(rows, view, paper)]
}

/** What a participant is doing; one that was not heard of for too long is `silent`, whatever it said last. */
export function standingOf(row: Row, now: number): string {
  if (row.state !== 'exited' && !isAlive(row, now)) return 'silent'
  return row.state
}

function factsOf({ intent, now }: View, gateName: string, paper: Paper): Fact[] {
  const gate: Fact = ['gate', gateName]
  if (!intent) return [gate, ['drain', 'none in force']]
  if (!isInForce(intent, now)) {
    const last = `the last one ${ending(intent, now)}, asked for by ${describeAsker(intent.asker)}`
    return [gate, ['drain', `none in force; ${last}`]]
  }
  const { phase, began, replaces, v } = intent
  const foreign = v === PROTOCOL_VERSION ? '' : ` (in version ${v} of the drain protocol)`
  return [
    gate,
    [
      'drain',
      `${phase}, asked for ${formatDuration(now - began)} ago${replaces && `, replaces ${replaces}`}${foreign}`,
    ],
    ...askerOf(intent, paper),
    ['lease', leaseOf(intent, now)],
  ]
}

/** An address that is cut leads nowhere: it gets a line of its own. */
function askerOf({ asker }: Intent, { columns }: Paper): Fact[] {
  const [whole, { runUrl }] = [describeAsker(asker), readAsker(asker)]
  if (!runUrl || whole.length <= columns - LABEL) return [['asker', whole]]
  return [
    ['asker', nameAsker(asker)],
    ['run', runUrl],
  ]
}

function leaseOf(intent: Intent, now: number): string {
  const { phase, asker, expiry } = intent
  const left = `${formatDuration(expiry - now)} left`
  if (phase === 'pushing' && readAsker(asker).holds) return `${left}; deploy-gate resume ends it earlier`
  return `${left}, renewed ${formatDuration(now - lastGiven(intent))} ago`
}

function ending({ phase, finished, expiry }: Intent, now: number): string {
  if (phase === 'draining' || phase === 'pushing') return `lapsed ${formatDuration(now - expiry)} ago`
  return finished === undefined ? `is ${phase}` : `was ${phase} ${formatDuration(now - finished)} ago`
}

function participants(rows: readonly Row[], { intent, now }: View, paper: Paper): string[] {
  const left = (head: string, longest: number, text: (row: Row) => string | undefined): Column<Row> => ({
    head,
    align: 'left',
    cell: (row) => oneLine(text(row) ?? '-', longest) || '-',
  })
  const right = (head: string, text: (row: Row) => string): Column<Row> => ({
    head,
    align: 'right',
    cell: text,
  })
  // A participant counts from the beginning of a drain; outside of one there is nothing to count.
  const jobs = (count: (row: Row) => number) => (row: Row) =>
    row.epoch === undefined ? '-' : brief(count(row))
  const table = renderTable(
    [
      left('DYNO', 24, ({ dyno }) => dyno),
      left('TYPE', 12, ({ type }) => type),
      left('RELEASE', 8, ({ release }) => release),
      left('STATE', 12, (row) => (row.v === PROTOCOL_VERSION ? standingOf(row, now) : `version ${row.v}`)),
      right(
        'RUN',
        jobs(({ running }) => running),
      ),
      right(
        'FIN',
        jobs(({ finished }) => finished),
      ),
      right(
        'STO',
        jobs(({ stored }) => stored),
      ),
      right('SEEN', ({ seen }) => short(now - seen)),
      right('HELD', (row) => heldOf(row, intent, now)),
    ],
    rows,
  )
  const width = table.reduce((most, line) => Math.max(most, line.length), 0) + 2
  const beside = paper.columns - width >= NARROWEST_NOTE
  const anyNote = rows.some(({ note }) => note)
  return table.flatMap((line, at) => {
    const row = rows[at - 1]
    if (!row) return [oneLine(beside && anyNote ? `${line.padEnd(width)}NOTE` : line, paper.columns)]
    const note = oneLine(row.note ?? '', beside ? paper.columns - width : paper.columns - 2)
    const lines = !note ? [line] : beside ? [`${line.padEnd(width)}${note}`] : [line, `  ${note}`]
    return lines.map((text) => styled(oneLine(text, paper.columns), standingOf(row, now), paper))
  })
}

/** For how long a participant stays quiet, as far as it said. After a release it waits for its SIGTERM. */
function heldOf(row: Row, intent: Intent | undefined, now: number): string {
  const standing = standingOf(row, now)
  if (standing !== 'draining' && standing !== 'drained') return '-'
  if (intent?.phase === 'released' && row.epoch === intent.epoch) return 'released'
  const until = heldUntil(row, intent)
  return until === undefined ? '-' : short(until - now)
}

function styled(line: string, standing: string, { colour }: Paper): string {
  const style = standing === 'exited' || standing === 'silent' ? 'dim' : STYLES[standing]
  return colour && style ? styleText(style, line, { validateStream: false }) : line
}

/** Who takes part stands above who is not heard of any more, and that above who has ended. */
function order(row: Row, now: number): number {
  return ['silent', 'exited'].indexOf(standingOf(row, now))
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** A count in a narrow column. */
function brief(count: number): string {
  return count < 1_000 ? String(count) : '999+'
}

/** A duration in a narrow column: `12s`, `9m12s`, `1h5m`. */
function short(ms: number): string {
  const seconds = Math.min(359_999, Math.max(0, Math.round(ms / 1_000)))
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  if (hours > 0) return minutes ? `${hours}h${minutes}m` : `${hours}h`
  if (minutes > 0) return rest ? `${minutes}m${rest}s` : `${minutes}m`
  return `${rest}s`
}
