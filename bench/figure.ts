/** One measured figure beside what it is compared with. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** what it is compared with, in the same unit, measured in the same run */
  readonly baseline: number
  /** `value` by `baseline` */
  readonly ratio: number
  /** the most that the ratio, or the value where there is no baseline, should be; absent where none was set */
  readonly goal?: number
  readonly met?: boolean
}

/** A figure against its baseline. @param goal the most that the ratio should be */
export function against(
  name: string,
  unit: string,
  { value, baseline }: { readonly value: number; readonly baseline: number },
  goal?: number,
): Figure {
  const ratio = Number((value / baseline).toPrecision(3))
  return { name, value, unit, baseline, ratio, ...(goal !== undefined && { goal, met: ratio <= goal }) }
}

/** The one in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export function print(figures: readonly Figure[], json: boolean): void {
  if (json) {
    console.log(JSON.stringify(figures))
    return
  }
  for (const { name, value, unit, baseline, ratio, goal, met } of figures) {
    const aim = goal === undefined ? '' : `; goal ${goal} ×, ${met ? 'met' : 'missed'}`
    console.log(`${name}: ${value} ${unit}, ${ratio} × ${baseline} ${unit}${aim}`)
  }
}
