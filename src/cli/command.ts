/** One word after `deploy-gate`, and what it does. */
export interface Command {
  /** what `--help` prints: the usage line first, then every option */
  readonly help: string
  /**
   * @param args what stands after the command's name
   * @returns the exit code: 0, 1, or that of a program that was run
   * @throws UsageError
   */
  run(args: readonly string[]): Promise<number>
}

/** A command line that can't be used: what was given, what is accepted. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
