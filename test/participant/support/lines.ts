import { expect, vi } from 'vitest'
import type { Log } from '../../../src/log.ts'

/** A safety net only: what is waited for comes at once. */
export const LIMIT = { timeout: 20_000, interval: 10 }

/** A log that a test can wait on. Warnings stand with `warning: ` before them. */
export class Lines implements Log {
  readonly lines: string[] = []
  readonly info = (line: string): void => void this.lines.push(line)
  readonly warning = (line: string): void => void this.lines.push(`warning: ${line}`)

  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line))
  }

  async saw(pattern: RegExp): Promise<void> {
    // Not `expect.poll`, which knows only one test at a time: some run side by side.
    await vi.waitFor(() => expect(this.lines).toContainEqual(expect.stringMatching(pattern)), LIMIT)
  }
}
