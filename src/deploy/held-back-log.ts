import type { Log } from '../log.ts'

/** Keeps what it is told until it is known where it belongs. */
export class HeldBackLog implements Log {
  readonly #kept: ((log: Log) => void)[] = []
  #to: Log | undefined

  info(line: string): void {
    this.#tell((log) => log.info(line))
  }

  warning(line: string): void {
    this.#tell((log) => log.warning(line))
  }

  /** Tells `to` all that was kept, and everything from now on. */
  release(to: Log): void {
    this.#to = to
    for (const tell of this.#kept.splice(0)) tell(to)
  }

  #tell(line: (log: Log) => void): void {
    if (this.#to === undefined) this.#kept.push(line)
    else line(this.#to)
  }
}
