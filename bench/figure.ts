/** One measured figure beside what it is compared with. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** what it is compared with, in the same unit, measured in the same run */
  readonly baseline: number | null
  /** `value` by `baseline` */
  readonly ratio: number | null
  /** the most that it should be; null where nothing was set */
  readonly goal: number | null
  readonly met: boolean | null
  /** what the goal is for */
  readonly of: 'ratio' | 'value'
}

/** What a figure is compared with. */
interface Comparison {
  readonly value: number
  readonly baseline: number
}

/** A figure whose goal, if there is one, is the most that it should be of its baseline. */
export function ratioOf(
  name: string,
  unit: string,
  { value, baseline }: Comparison,
  goal: number | null = null,
): Figure {
  const ratio = shortened(value / baseline)
  const met = goal === null ? null : ratio <= goal
  return { name, unit, value: shortened(value), baseline: shortened(baseline), ratio, goal, met, of: 'ratio' }
}

/** A figure whose goal, if there is one, is the most that it should be itself. */
export function plain(
  name: string,
  unit: string,
  { value, baseline }: { readonly value: number; readonly baseline?: number },
  goal: number | null = null,
): Figure {
  const compared =
    baseline === undefined
      ? { baseline: null, ratio: null }
      : { baseline: shortened(baseline), ratio: shortened(value / baseline) }
  const met = goal === null ? null : value <= goal
  return { name, unit, value: shortened(value), ...compared, goal, met, of: 'value' }
}

/** As a table: a person sees the goal beside each figure, and what is missed. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, baseline, ratio, goal, met, of }) => [
    name,
    `${value} ${unit}`,
    baseline === null ? '' : `${ratio} × ${baseline} ${unit}`,
    goal === null ? '' : `${of === 'ratio' ? `${goal} ×` : `${goal} ${unit}`}: ${met ? 'met' : 'MISSED'}`,
  ])
  const all = [['what', 'figure', 'against', 'goal, at most'], ['---', '---', '---', '---'], ...rows]
  const missed = figures.filter(({ met }) => met === false).map(({ name }) => name)
  const set = figures.filter(({ met }) => met !== null).length
  const verdict =
    missed.length === 0 ? `All ${set} goals are met.` : `Missed, of ${set} goals: ${missed.join('; ')}.`
  return [...all.map((row) => `| ${row.join(' | ')} |`), '', verdict].join('\n')
}

/** As one line, a list with the fields that are told to programs. */
export function line(figures: readonly Figure[]): string {
  return JSON.stringify(figures.map(({ of: _, ...told }) => told))
}

/** The value below which `part` of all are. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length
}

function shortened(value: number): number {
  return Number(value.toPrecision(3))
}
