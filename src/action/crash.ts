import * as core from '@actions/core'
import { annotateError } from './actions-log.ts'

/**
 * Ends the process with an error of its own words when something was thrown where nobody catches it. Node would print the error with
 * everything that hangs on it, and nobody knows what that is. The post step gives the clock back.
 * @param before what else is to be said
 */
export function endOnCrash(before: () => void = () => {}): void {
  process.on('uncaughtException', (error: unknown) => {
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
    before()
    annotateError(
      'Deploy: failed',
      `Something unexpected went wrong: ${told}\nPlease report it with the log of this run.`,
    )
    process.exit(core.ExitCode.Failure)
  })
}
