import { inertJson } from '../json.ts'
import type { Log } from '../log.ts'
import { oneLine } from '../one-line.ts'

/** Lines for a person, on standard error: standard output belongs to `--json`, to tables, and to a program that is run. */
export const stderrLog: Log = {
  info: (line) => void process.stderr.write(`deploy-gate: ${oneLine(line)}\n`),
  warning: (line) => void process.stderr.write(`deploy-gate: warning: ${oneLine(line)}\n`),
}

/** A log for a command whose output is what it finds: only what wants attention is said beside it. */
export const warningsOnly: Log = { info: () => {}, warning: stderrLog.warning }

/** `value` as a line of JSON, of which a terminal obeys nothing. */
export function jsonLine(value: unknown): string {
  return `${inertJson(value)}\n`
}

/** A moment as ISO 8601 in UTC, of the server's ms; `undefined` for a number that is none: rows may hold anything. */
export function isoTime(ms: number | undefined): string | undefined {
  const date = new Date(ms ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}
