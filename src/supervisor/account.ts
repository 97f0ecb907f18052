import type { Progress } from '../participant/handlers.ts'
import { LineReader } from './line-reader.ts'

/** What begins a line of progress on standard output. */
export const STDOUT_PREFIX = 'deploy-gate: '

const COUNTS = ['running', 'finished', 'stored'] as const

/**
 * What a program says of its jobs, in lines of JSON: `{"running":1,"finished":4,"stored":0,"note":"export of 12:05"}`, each field
 * optional. Its `finished` and `stored` are totals since it began; a total that falls means that it counts anew.
 */
export class Account {
  readonly #prefix: Buffer
  readonly #onGarbage: () => void
  readonly #lines = new LineReader((line, whole) => this.#take(line, whole))
  #running: number | undefined
  #note: string | undefined
  readonly #totals = { finished: 0, stored: 0 }
  #atDrain = { finished: 0, stored: 0 }

  /**
   * @param prefix of the lines that count; others are none of its business
   * @param onGarbage a line that counts can't be read
   */
  constructor(prefix: string, onGarbage: () => void) {
    this.#prefix = Buffer.from(prefix)
    this.#onGarbage = onGarbage
  }

  write(chunk: Buffer): void {
    this.#lines.write(chunk)
  }

  /** The program has ended: what it wrote last counts also without a line break. */
  end(): void {
    this.#lines.end()
  }

  /** A drain begins: `finished` and `stored` count from now on. */
  beginDrain(): void {
    this.#atDrain = { ...this.#totals }
  }

  /** Since the drain began, as a drain handler reports it; `running` is absent as long as the program has not told it. */
  get progress(): Progress {
    return {
      ...(this.#running !== undefined && { running: this.#running }),
      finished: this.#totals.finished - this.#atDrain.finished,
      stored: this.#totals.stored - this.#atDrain.stored,
      ...(this.#note !== undefined && { note: this.#note }),
    }
  }

  #take(line: Buffer, whole: boolean): void {
    if (!line.subarray(0, this.#prefix.length).equals(this.#prefix)) return
    const text = line.toString('utf8', this.#prefix.length).trim()
    if (text === '') return
    const said = whole ? parse(text) : undefined
    if (said === undefined) this.#onGarbage()
    else this.#apply(said)
  }

  #apply(said: Progress): void {
    this.#running = said.running ?? this.#running
    this.#note = said.note ?? this.#note
    for (const name of ['finished', 'stored'] as const) {
      const total = said[name] ?? this.#totals[name]
      if (total < this.#totals[name]) this.#atDrain[name] = 0
      this.#totals[name] = total
    }
  }
}

/** `undefined` for what is no progress: a program that means something else should hear of it. */
function parse(text: string): Progress | undefined {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof raw !== 'object' || raw === null) return undefined
  const fields = raw as Record<string, unknown>
  const given = COUNTS.filter((name) => fields[name] !== undefined)
  const counts = given.map((name) => [name, fields[name]] as const)
  if (!counts.every(([, value]) => Number.isSafeInteger(value) && Number(value) >= 0)) return undefined
  const { note } = fields
  if (note !== undefined && typeof note !== 'string') return undefined
  if (given.length === 0 && note === undefined) return undefined
  return { ...(Object.fromEntries(counts) as Progress), ...(note !== undefined && { note }) }
}
