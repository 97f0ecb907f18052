import type { Log } from '../src/log.ts'
import type { Time } from '../src/time.ts'

/** The rules of docs/protocol.md, and `ends`: every deploy comes to an end, and the end it tells is the true one;
 * `story`: what was to happen came to happen. */
export type Rule = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I7' | 'I8' | 'I9' | 'I10' | 'ends' | 'story'

/** A rule that was broken in a history. */
export interface Violation {
  readonly rule: Rule
  readonly what: string
}

/** What happened in one history, in order, and which rules it broke. */
export class Ledger {
  readonly #time: Time
  /** the time at which the history began */
  readonly began: number
  readonly lines: string[] = []
  readonly violations: Violation[] = []
  /** told each line as it is written */
  onLine: (who: string, what: string) => void = () => {}

  constructor(time: Time) {
    this.#time = time
    this.began = time.now()
  }

  /** ms since the history began. */
  get now(): number {
    return this.#time.now() - this.began
  }

  write(who: string, what: string): void {
    this.lines.push(`${(this.now / 1_000).toFixed(1).padStart(7)} s  ${who.padEnd(14)} ${what}`)
    this.onLine(who, what)
  }

  broken(rule: Rule, who: string, what: string): void {
    this.violations.push({ rule, what: `${who}: ${what}` })
    this.write(who, `*** breaks ${rule}: ${what}`)
  }

  /** What `who` logs, as lines of this ledger. */
  logOf(who: string): Log {
    return {
      info: (line) => this.write(who, line),
      warning: (line) => this.write(who, `warning: ${line}`),
    }
  }
}
