/** What a participant says of its jobs. Counts are absolute and start at zero with each drain. */
export interface Progress {
  /** jobs running now */
  readonly running?: number
  /** jobs that ended by themselves since the drain began */
  readonly finished?: number
  /** jobs put away to be run later since the drain began */
  readonly stored?: number
  /** one line for whoever reads the deploy's log; at most 200 characters of it are kept */
  readonly note?: string
}

/** What a drain handler is given. */
export interface DrainContext {
  /** Aborts when time is up: stop the running jobs and store them, then return. Not aborted when the drain is withdrawn. */
  readonly signal: AbortSignal
  /** Tells the deployer how far it is; as often as you like. */
  report(progress: Progress): void
}

/** The app's side of the gate. */
export interface Handlers {
  /**
   * Start no new job, wait for the running ones, then return: from then on nothing runs and nothing starts.
   * Return (or report) how many jobs finished and how many were stored. A rejection refuses the drain: the deploy fails
   * with its message, and `resume` is called. May be called again before it returned, if a drain was withdrawn meanwhile.
   */
  drain(context: DrainContext): Promise<Progress | undefined | void> | Progress | undefined | void
  /** Back to scheduling. Also called while `drain` still waits, when the drain was withdrawn. */
  resume(): Promise<void> | void
  /** The process ends: it has drained and never schedules again. For connections that want to be closed. */
  leave?(): Promise<void> | void
}
