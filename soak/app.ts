import type { DrainContext, Handlers, Progress } from '../src/participant/handlers.ts'
import type { Time } from '../src/time.ts'
import type { Ledger } from './ledger.ts'

/** How an app answers a drain. */
export type Temper = 'willing' | 'refuses' | 'stubborn'

/** What an app's clock starts next: a job in so many ms that lasts so many. `undefined`: nothing any more. */
export type Work = () => { readonly inMs: number; readonly lastsMs: number } | undefined

/** What becomes of an app: of its scheduling, and of a job. */
export type AppEvent = 'schedules' | 'quiet' | 'job begins' | 'job finished' | 'job stored' | 'job killed'

/** A job until it ended: by itself, put away, or with its process. */
interface Job {
  readonly store: AbortController
}

/** An app of a history: starts jobs by the clock while it may, and keeps account of them. */
export class App implements Handlers {
  readonly #who: string
  readonly #time: Time
  readonly #work: Work
  readonly #ledger: Ledger
  readonly #temper: Temper
  readonly #jobs = new Set<Job>()
  readonly #gone = new AbortController()
  #idle: (() => void) | undefined
  #scheduling = false
  #begun = false
  #finished = 0
  #stored = 0
  /** told what becomes of it, in the moment in which it does */
  onEvent: (event: AppEvent) => void = () => {}
  lost = 0

  constructor(who: string, time: Time, work: Work, ledger: Ledger, temper: Temper) {
    this.#who = who
    this.#time = time
    this.#work = work
    this.#ledger = ledger
    this.#temper = temper
  }

  get scheduling(): boolean {
    return this.#scheduling
  }

  /** whether it has scheduled before */
  get begun(): boolean {
    return this.#begun
  }

  get running(): number {
    return this.#jobs.size
  }

  /** The scheduler begins. */
  async start(): Promise<void> {
    this.#schedules()
    for (let next = this.#work(); next; next = this.#work()) {
      await this.#time.sleep(next.inMs, this.#gone.signal)
      if (this.#scheduling) void this.#run(next.lastsMs)
    }
  }

  readonly drain = async ({ signal, report }: DrainContext): Promise<Progress> => {
    this.#scheduling = false
    const asked = this.#jobs.size
    ;[this.#finished, this.#stored] = [0, 0]
    this.#ledger.write(this.#who, `drains, ${asked} running`)
    this.onEvent('quiet')
    if (this.#temper === 'refuses') throw new Error('not now')
    if (this.#temper !== 'stubborn') {
      const store = () => {
        for (const job of this.#jobs) job.store.abort()
      }
      signal.addEventListener('abort', store)
      if (signal.aborted) store()
    }
    report({ running: asked })
    while (this.#jobs.size > 0 && !this.#scheduling) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
      report({ running: this.#jobs.size, finished: this.#finished, stored: this.#stored })
    }
    const [finished, stored] = [this.#finished, this.#stored]
    if (!this.#scheduling && !this.#gone.signal.aborted && finished + stored !== asked)
      this.#ledger.broken('I7', this.#who, `${asked} ran, ${finished} finished and ${stored} were stored`)
    return { finished, stored }
  }

  readonly resume = (): void => {
    this.#schedules()
    this.#idle?.()
  }

  /** The process is no more, and its jobs with it. */
  end(): void {
    this.#gone.abort()
    if (this.#scheduling) this.onEvent('quiet')
    this.#scheduling = false
    this.lost = this.#jobs.size
    for (const _ of this.#jobs) this.onEvent('job killed')
    this.#jobs.clear()
  }

  #schedules(): void {
    this.#scheduling = true
    this.#ledger.write(this.#who, 'schedules')
    this.onEvent('schedules')
    this.#begun = true
  }

  async #run(ms: number): Promise<void> {
    const job: Job = { store: new AbortController() }
    this.#jobs.add(job)
    this.onEvent('job begins')
    await this.#time.sleep(ms, AbortSignal.any([job.store.signal, this.#gone.signal])).catch(() => {})
    if (!this.#jobs.delete(job)) return
    const { aborted } = job.store.signal
    if (aborted) this.#stored++
    else this.#finished++
    this.onEvent(aborted ? 'job stored' : 'job finished')
    this.#idle?.()
  }
}
