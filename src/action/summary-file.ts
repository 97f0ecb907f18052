import { appendFileSync } from 'node:fs'
import { EOL } from 'node:os'

/**
 * Adds to the job's summary: the file that the runner names in GITHUB_STEP_SUMMARY, of at most 1 MiB for each step.
 * @throws if the runner has named none, or the file can't be written
 */
export function appendSummary(markdown: string): void {
  const file = process.env.GITHUB_STEP_SUMMARY
  if (!file) throw new Error('this runner has no job summaries: GITHUB_STEP_SUMMARY is not set')
  appendFileSync(file, `${markdown}${EOL}`)
}
