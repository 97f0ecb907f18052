/** One column of a table. */
export interface Column<T> {
  readonly head: string
  readonly align: 'left' | 'right'
  cell(row: T): string
}

/** Lines of a table with a heading, each column as wide as it must be, two blanks between. Cells hold one line each. */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[]): string[] {
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => columns.map(({ cell }) => cell(row)))]
  const widths = columns.map((_, at) => cells.reduce((most, line) => Math.max(most, length(line[at])), 0))
  return cells.map((line) =>
    line
      .map((cell, at) => {
        const blanks = ' '.repeat((widths[at] ?? 0) - length(cell))
        return columns[at]?.align === 'right' ? blanks + cell : cell + blanks
      })
      .join('  ')
      .trimEnd(),
  )
}

/** Characters, not the halves of them that a string counts. */
function length(text = ''): number {
  return [...text].length
}
