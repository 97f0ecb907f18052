/** Where a room writes what a person should read: one event a line, no secret, no line break inside. */
export interface Log {
  /** What happened. */
  info(line: string): void
  /** What happened and wants somebody's attention, though the work goes on. */
  warning(line: string): void
}
