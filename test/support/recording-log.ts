import type { Log } from '../../src/log.ts'

/** A log whose lines can be read, and waited for. */
export interface RecordingLog extends Log {
  /** `info: …` and `warning: …`, in order */
  readonly lines: readonly string[]
  /** Resolves with the first line, past or future, that matches. */
  line(wanted: RegExp): Promise<string>
}

export function recordingLog(): RecordingLog {
  const lines: string[] = []
  const waiting = new Map<RegExp, (line: string) => void>()
  const write = (line: string) => {
    lines.push(line)
    for (const [wanted, found] of waiting) {
      if (!wanted.test(line)) continue
      waiting.delete(wanted)
      found(line)
    }
  }
  return {
    lines,
    info: (line) => write(`info: ${line}`),
    warning: (line) => write(`warning: ${line}`),
    line(wanted) {
      const past = lines.find((line) => wanted.test(line))
      if (past !== undefined) return Promise.resolve(past)
      return new Promise((resolve) => waiting.set(wanted, resolve))
    },
  }
}
