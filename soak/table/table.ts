import { FAULTS } from './fault.ts'
import { MEANINGS, MOMENTS, type Moment } from './moment.ts'
import type { Story } from './play.ts'

/** Columns in which a row may not differ from the docs; how soon the clock is back is compared by its class. */
const HEADINGS = [
  'when',
  'outcome',
  'pushed',
  'the clock schedules, because',
  'since',
  'the job',
  'you read',
] as const

/** Classes of a time, each with its upper bound, ms. Far enough from what the protocol's figures lead to. */
const CLASSES = [
  { name: 'at once', mostMs: 4_000 },
  { name: '≤ 15 s', mostMs: 15_000 },
  { name: '≤ 75 s', mostMs: 75_000 },
  { name: '≤ 2 min', mostMs: 120_000 },
  { name: '≤ 3½ min', mostMs: 210_000 },
  { name: 'longer', mostMs: Number.POSITIVE_INFINITY },
] as const

/** A row of the table without its moment. */
type Cells = readonly string[]

/** The class of a time. */
export function classOf(ms: number): string {
  return CLASSES.find(({ mostMs }) => ms <= mostMs)?.name ?? 'longer'
}

/** What the docs say of each fault at each moment, as they are written. */
export type Table = ReadonlyMap<string, ReadonlyMap<Moment, Cells>>

/** @param documented keeps the class of a time that is as good as the measured one */
export function tableOf(stories: readonly Story[], documented?: Table): Table {
  const table = new Map<string, Map<Moment, Cells>>()
  for (const { fault, moment, result } of stories) {
    const { outcome, pushed, why, backMs, job, reads } = result
    const key = `${fault.group}: ${fault.name}`
    const said = documented?.get(key)?.get(moment)?.[3]
    const isSame =
      said !== undefined &&
      [0.75 * backMs - 2_000, backMs, 1.25 * backMs + 2_000].some((ms) => classOf(ms) === said)
    const since = why === 'it never stopped' ? '' : isSame ? said : classOf(backMs)
    const rows = table.get(key) ?? new Map<Moment, Cells>()
    table.set(
      key,
      rows.set(moment, [outcome === 'none' ? '' : `\`${outcome}\``, pushed, why, since, job, reads]),
    )
  }
  return table
}

/** The table as it stands in the docs: moments in a row that come to the same are one line. */
export function render(table: Table): string {
  const lines: string[] = []
  let group = ''
  lines.push(
    '| moment | |',
    '|---|---|',
    ...MOMENTS.map((moment) => `| ${moment} | ${MEANINGS[moment]} |`),
    '',
  )
  for (const fault of FAULTS) {
    if (fault.group !== group) lines.push(`### ${fault.group}`, '')
    group = fault.group
    lines.push(`#### ${group}: ${fault.name}`, '', `**To do:** ${fault.advice}`, '')
    lines.push(`| ${HEADINGS.join(' | ')} |`, `|${'---|'.repeat(HEADINGS.length)}`)
    const rows = [...(table.get(`${fault.group}: ${fault.name}`) ?? [])]
    while (rows.length > 0) {
      const [[first, cells] = ['asking' as Moment, []]] = rows
      const differs = rows.findIndex(([, other]) => other.join('|') !== cells.join('|'))
      const same = rows.splice(0, differs < 0 ? rows.length : differs)
      const last = same.at(-1)?.[0] ?? first
      lines.push(
        `| ${first === last ? first : `${first} – ${last}`} | ${cells.map((cell) => cell || '—').join(' | ')} |`,
      )
    }
    lines.push('')
  }
  return lines.join('\n')
}

/** Reads what `render` has written. */
export function parse(text: string): Table {
  const table = new Map<string, Map<Moment, Cells>>()
  let rows = new Map<Moment, Cells>()
  for (const line of text.split('\n')) {
    if (line.startsWith('#### ')) {
      rows = new Map()
      table.set(line.slice(5), rows)
    }
    const [when = '', ...cells] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    const [first, last = first] = when.split(' – ') as Moment[]
    if (cells.length !== HEADINGS.length - 1 || !first || !MOMENTS.includes(first)) continue
    for (const moment of MOMENTS.slice(MOMENTS.indexOf(first), MOMENTS.indexOf(last ?? first) + 1))
      rows.set(
        moment,
        cells.map((cell) => (cell === '—' ? '' : cell)),
      )
  }
  return table
}

/** What happens otherwise than the docs say, and every rule that was broken: a line each. */
export function differences(stories: readonly Story[], documented: Table): string[] {
  const actual = tableOf(stories, documented)
  const found = stories.flatMap(({ fault, moment, result }) =>
    result.violations.map(
      ({ rule, what }) => `${fault.group}: ${fault.name}, ${moment}: breaks ${rule}: ${what}`,
    ),
  )
  for (const [key, rows] of actual) {
    for (const [moment, cells] of rows) {
      const said = documented.get(key)?.get(moment)
      if (said?.join('|') === cells.join('|')) continue
      found.push(`${key}, ${moment}: happens: ${cells.join(' | ')}; docs: ${said?.join(' | ') ?? 'nothing'}`)
    }
  }
  for (const [key, rows] of documented) {
    for (const moment of rows.keys())
      if (!actual.get(key)?.has(moment)) found.push(`${key}, ${moment}: in the docs only`)
  }
  return found
}
