import { DURATION_RULE, formatDuration, parseDuration } from '../duration.ts'
import { quote } from '../quote.ts'
import { DEFAULTS, type InputName, SECRET_INPUTS } from './input-names.ts'

/** No timer runs longer than 24 days, and no job of GitHub's longer than five. */
const LONGEST_MS = 24 * 3_600_000

/** Reads inputs one by one and collects what is wrong with them, so that all of it can be said at once. */
export class InputReader {
  readonly problems: string[] = []
  readonly #get: (name: string) => string

  constructor(getInput: (name: string) => string) {
    this.#get = getInput
  }

  /** The input as it was given, or its default when it is empty: `${{ vars.X }}` of a missing variable gives nothing. */
  text(name: InputName): string {
    return this.#get(name).trim() || DEFAULTS[name]
  }

  required(name: InputName, rule: RegExp, accepted: string): string {
    const value = this.text(name)
    if (value === '') this.problem(name, `is missing. Expected ${accepted}`)
    else if (!rule.test(value)) this.wrong(name, accepted)
    return value
  }

  matching(name: InputName, rule: RegExp, accepted: string): string {
    const value = this.text(name)
    if (!rule.test(value)) this.wrong(name, accepted)
    return value
  }

  oneOf<const T extends string>(name: InputName, accepted: readonly T[]): T {
    const value = this.text(name)
    const found = accepted.find((one) => one === value)
    if (found === undefined) this.wrong(name, accepted.join(', ').replace(/, ([^,]*)$/, ' or $1'))
    return found ?? (accepted[0] as T)
  }

  /** YAML 1.2's own spellings, as the runner's toolkit takes them. */
  switch(name: InputName): boolean {
    const value = this.text(name)
    if (/^(true|True|TRUE)$/.test(value)) return true
    if (!/^(false|False|FALSE)$/.test(value)) this.wrong(name, 'true or false')
    return false
  }

  /** @returns ms; 0 for a wrong one */
  duration(name: InputName, { zero = false } = {}): number {
    const value = this.text(name)
    const ms = zero && value === '0' ? 0 : parseDuration(value)
    const rule = `${DURATION_RULE}${zero ? ', or 0' : ''}`
    if (ms === undefined) this.wrong(name, rule)
    else if (ms === 0 && !zero) this.wrong(name, `${rule}, above zero`)
    else if (ms > LONGEST_MS) this.wrong(name, `${rule}, at most ${formatDuration(LONGEST_MS)}`)
    return ms ?? 0
  }

  wrong(name: InputName, accepted: string): void {
    const given = SECRET_INPUTS.has(name) ? "has a value that can't be used" : `is ${quote(this.text(name))}`
    this.problem(name, `${given}. Expected ${accepted}`)
  }

  problem(name: string, what: string): void {
    this.problems.push(`${name} ${what}${what.endsWith('?') ? '' : '.'}`)
  }
}
