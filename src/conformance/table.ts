import { LEVELS } from './case.ts'
import type { CaseResult, Conformance } from './conformance.ts'

/** What a person reads of a trial: a line for each case, what was wrong under it, and the level at the end. */
export function renderTable({ level, cases }: Conformance): string {
  const width = Math.max(...cases.map(({ name }) => name.length))
  const rows = cases.flatMap((one) => [
    `${one.level}  ${one.name.padEnd(width)}  ${one.passed ? 'passed' : 'FAILED'}`,
    ...(one.passed ? [] : wrong(one)),
  ])
  const failed = cases.filter(({ passed }) => !passed).length
  const reached = `level ${level} of ${LEVELS.length - 1} (${LEVELS[level]}): ${cases.length - failed} of ${cases.length} cases passed`
  return [...rows, '', reached].join('\n')
}

function wrong({ why, lines }: CaseResult): string[] {
  return [`     ${why}`, ...lines.map((line) => `     | ${line.slice(0, 200)}`)]
}
