/** One word after `deploy-gate`, and what it does. */
export interface Command {
  /** what `--help` prints: the usage line first, then every option */
  readonly help: string
  /**
   * @param args what stands after the command's name
   * @returns the exit code: one of `EXIT`, or that of a program that was run
   * @throws UsageError for a command line that can't be used, DeployError for what can't be done
   */
  run(args: readonly string[]): Promise<number>
}

/** Exit codes, beside those of a program that was run. */
export const EXIT = {
  /** all went as asked */
  done: 0,
  /** nothing was asked of anybody: the command line, the environment or the Redis can't be used */
  nothingDone: 1,
  /** it was asked, and the answer is no: not drained, not resumed, not conformant */
  refused: 2,
} as const

/** A command line that can't be used: what was given, what is accepted. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
