import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Time } from '../time.ts'

/**
 * A pipe into this process. Node's own would be a socket, which a program can't open as /dev/stdout or /dev/fd/3, so
 * this is a FIFO that is deleted as soon as both ends are open.
 */
export class Pipe {
  /** the end that the program gets */
  readonly writeEnd: number
  readonly #socket: Socket
  readonly #time: Time
  #ended = false
  #handling = false
  #heardAt: number

  /**
   * @param onChunk gets the next chunk only when it is done with the last, so that a slow reader slows the program down and nothing
   *   piles up. When it fails, the pipe is closed: the program gets SIGPIPE, as it would if it wrote for itself.
   * @throws the system's error when there is no `mkfifo`, no folder for temporary files, or no free descriptor
   */
  constructor(onChunk: (chunk: Buffer) => Promise<void> | void, time: Time) {
    const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-'))
    try {
      const path = join(folder, 'pipe')
      execFileSync('mkfifo', ['-m', '600', path], { stdio: ['ignore', 'ignore', 'pipe'] })
      // Without O_NONBLOCK this would wait for a writer; the writing end, opened by itself, stays a blocking one.
      const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      this.#socket = new Socket({ fd: readEnd, readable: true, writable: false })
      this.writeEnd = openSync(path, constants.O_WRONLY)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    this.#time = time
    this.#heardAt = time.now()
    void this.#read(onChunk)
  }

  /** The program has its end: without this the pipe would never come to its own. */
  handedOver(): void {
    closeSync(this.writeEnd)
  }

  /** Resolves when all that was written has been dealt with, or nothing came for `silentMs`: somebody may keep it open for good. */
  async settled(silentMs: number): Promise<void> {
    const since = this.#time.now()
    while (!this.#ended) {
      const silence = this.#handling ? 0 : this.#time.now() - Math.max(since, this.#heardAt)
      if (silence >= silentMs) break
      await this.#time.sleep(10)
    }
    // Goes on reading, but is no reason to stay.
    this.#socket.unref()
  }

  async #read(onChunk: (chunk: Buffer) => Promise<void> | void): Promise<void> {
    try {
      for await (const chunk of this.#socket) {
        this.#handling = true
        await onChunk(chunk)
        this.#handling = false
        this.#heardAt = this.#time.now()
      }
    } catch {
      // Leaving the loop has closed the pipe.
    }
    this.#handling = false
    this.#ended = true
  }
}
