/** One column of a table. */
export interface Column<T> {
  readonly head: string
  readonly align: 'left' | 'right'
  /** in inert markdown; absent where nothing is known */
  cell(row: T): string | number | undefined
}

/** A table in GitHub-flavoured markdown, of the columns of which something is known; nothing without one. */
export function table<T>(columns: readonly Column<T>[], rows: readonly T[]): string[] {
  const shown = columns
    .map(({ head, align, cell }) => ({
      head,
      rule: align === 'right' ? '--:' : '---',
      cells: rows.map(cell),
    }))
    .filter(({ cells }) => cells.some((cell) => cell !== undefined))
  if (shown.length === 0) return []
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return [
    [
      line(shown.map(({ head }) => head)),
      `|${shown.map(({ rule }) => rule).join('|')}|`,
      ...rows.map((_, at) => line(shown.map(({ cells }) => cells[at] ?? '–'))),
    ].join('\n'),
  ]
}
