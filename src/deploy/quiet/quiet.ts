/**
 * The app's processes, quiet around a release: nothing of theirs runs that the release could end. Leaving the scope by any road but
 * `released` gives them back to their schedules.
 */
export interface Quiet extends AsyncDisposable {
  /** what a person should know of it at the end of a deploy, as the end of a sentence: `deployed without a drain`; mostly empty */
  readonly deployed: string
  /** Does `publish`, and tells meanwhile what a person should know of the processes. */
  during<T>(publish: () => Promise<T>): Promise<T>
  /** The new release runs: the old processes stay quiet for their SIGTERM. Never rejects. */
  released(): Promise<void>
  /**
   * Waits until the new release's processes are at work.
   * @returns the dynos that were seen; of nobody who could be seen, none
   * @throws DeployError (`clock-not-seen`)
   */
  successor(waitMs: number, release: string, signal: AbortSignal): Promise<readonly string[]>
}

/** Nobody is asked for anything. */
export function unasked(deployed: string): Quiet {
  return {
    deployed,
    during: (publish) => publish(),
    async released() {},
    successor: async () => [],
    async [Symbol.asyncDispose]() {},
  }
}
