import { NOTE_LENGTH } from '../protocol/row.ts'
import type { DrainContext, Handlers, Progress } from './handlers.ts'
import type { Pace } from './pace.ts'

/** How one call of the drain handler went. */
export type DrainEnd = { readonly kind: 'drained' } | { readonly kind: 'failed'; readonly note: string }

/** One run of the app's drain handler, and what it has reported so far. */
export class Drain {
  readonly #time = new AbortController()
  readonly #pace: Pace
  #progress: Required<Progress> = { running: 0, finished: 0, stored: 0, note: '' }
  #open = true
  #begun = false
  #timeIsUp = false

  /** @param pace told of each report that says something new */
  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** Whether the handler was called. */
  get begun(): boolean {
    return this.#begun
  }

  /** The counts as a row carries them. */
  get progress(): { running: number; finished: number; stored: number; note?: string } {
    const { note, ...counts } = this.#progress
    return note === '' ? counts : { ...counts, note }
  }

  /** Calls the handler; never rejects. */
  async run(handlers: Handlers): Promise<DrainEnd> {
    const context: DrainContext = { signal: this.#time.signal, report: (progress) => this.#report(progress) }
    try {
      const ending = handlers.drain(context)
      this.#begun = true
      if (this.#timeIsUp) this.force()
      this.#report((await ending) ?? {})
      this.#report({ running: 0 })
      return { kind: 'drained' }
    } catch (error) {
      const note =
        oneLine(error instanceof Error ? error.message : String(error)) ||
        'the drain handler failed without a message'
      this.#report({ note })
      return { kind: 'failed', note }
    } finally {
      // How it went is told at once, with all that was reported before.
      this.#pace.stop()
    }
  }

  /** Time is up: tells the handler to abort what runs and store it. Not before it was called: it would miss the event. */
  force(): void {
    this.#timeIsUp = true
    if (!this.#begun) return
    this.#time.abort(new DOMException('time is up: abort the running jobs and store them', 'AbortError'))
  }

  /** The drain was withdrawn: what the handler still says is nobody's business. */
  withdraw(): void {
    this.#open = false
    this.#pace.stop()
  }

  #report(progress: Progress): void {
    if (!this.#open) return
    const { running, finished, stored, note } = progress
    const before = this.#progress
    this.#progress = {
      running: count(running, before.running),
      finished: count(finished, before.finished),
      stored: count(stored, before.stored),
      note: note === undefined ? before.note : oneLine(note),
    }
    if (JSON.stringify(before) !== JSON.stringify(this.#progress)) this.#pace.news()
  }
}

function count(given: number | undefined, before: number): number {
  return given !== undefined && Number.isFinite(given) && given >= 0 ? Math.floor(given) : before
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, NOTE_LENGTH)
}
