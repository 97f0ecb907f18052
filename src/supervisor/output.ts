import { write } from 'node:fs'
import { promisify } from 'node:util'
import type { Log } from '../log.ts'
import { oneLine } from '../one-line.ts'
import type { Time } from '../time.ts'
import { NUMBERS } from './numbers.ts'

const writeTo = promisify(write)

/**
 * A descriptor that is written to in order, and without standing still while its reader is slow. Not `process.stdout` nor
 * `process.stderr`: these make the descriptor non-blocking, and so also that of the program, which has the same and
 * would see its writes fail.
 */
export class Output {
  readonly #descriptor: number
  readonly #time: Time
  #last: Promise<void> = Promise.resolve()

  constructor(descriptor: number, time: Time) {
    this.#descriptor = descriptor
    this.#time = time
  }

  /**
   * Resolves when all of it is written.
   * @throws the system's error, EPIPE for instance when the reader has gone
   */
  write(chunk: Uint8Array): Promise<void> {
    const written = this.#last.then(() => this.#writeAll(chunk))
    this.#last = written.catch(() => {})
    return written
  }

  /** Resolves when everything that was asked for so far is written, or could not be. */
  idle(): Promise<void> {
    return this.#last
  }

  async #writeAll(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      try {
        at += (await writeTo(this.#descriptor, chunk, at)).bytesWritten
      } catch (error) {
        // Somebody else has made it non-blocking.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        await this.#time.sleep(NUMBERS.writeAgainMs)
      }
    }
  }
}

/** The supervisor's own lines, each with `[deploy-gate] ` before it. A reader who has gone is nobody's loss. */
export function logTo(output: Output): Log {
  const line = (text: string) =>
    void output.write(Buffer.from(`[deploy-gate] ${oneLine(text)}\n`)).catch(() => {})
  return { info: line, warning: line }
}
