import { setTimeout as sleep } from 'node:timers/promises'
import type { HerokuEvent } from '../test/support/heroku/events.ts'

/** One thing that happened, with its second since the demo began. */
export interface Moment {
  readonly second: number
  readonly text: string
}

/** What is read off a side's events. Seconds are counted from the beginning of the demo; absent: it did not happen. */
export interface SideReport {
  readonly job: 'finished' | 'killed' | 'lost'
  readonly jobStartedAt: number
  readonly jobEndedAt: number
  readonly pushedAt: number
  readonly releasedAt?: number
  readonly newClockAt?: number
  readonly release: string
}

type Mark = 'started' | 'finished' | 'killed' | 'pushed' | 'released' | 'newClock'

/** Reads one app's events and tells them as they come. */
export class Side {
  readonly name: string
  readonly #beganAt: number
  readonly #tell: (side: string, moment: Moment) => void
  readonly #at: Partial<Record<Mark, number>> = {}
  readonly #waiting = new Set<() => void>()
  #release = ''
  #first: string | undefined

  constructor(name: string, beganAt: number, tell: (side: string, moment: Moment) => void) {
    this.name = name
    this.#beganAt = beganAt
    this.#tell = tell
  }

  say(text: string): void {
    this.#tell(this.name, { second: (performance.now() - this.#beganAt) / 1_000, text })
  }

  hear(event: HerokuEvent): void {
    const { kind, text, dyno, release = '' } = event
    const who = `${dyno} ${release}`
    this.#first ??= kind === 'dyno-up' ? release : undefined
    const old = release === this.#first
    switch (kind) {
      case 'dyno-line':
        this.say(`${who}: ${text}`)
        if (old && /^export .* started/.test(text)) this.#mark('started')
        if (old && /^export .* finished/.test(text)) this.#mark('finished')
        if (!old && /^export .* started/.test(text)) this.#mark('newClock')
        break
      case 'sigterm':
        this.say(`Heroku sends SIGTERM to ${who}`)
        break
      case 'sigkill':
        this.say(`Heroku sends SIGKILL to ${who}`)
        if (old) this.#mark('killed')
        break
      case 'push-received':
        this.say('Heroku receives the push')
        this.#mark('pushed')
        break
      case 'release':
        if (event.status === 'succeeded' && this.#at.pushed !== undefined) {
          this.#release = release
          this.#mark('released')
        }
        this.say(`release ${text}`)
        break
      case 'dyno-up':
      case 'dyno-exited':
        this.say(
          `${who} ${kind === 'dyno-up' ? 'starts' : `ended (${event.signal ?? `code ${event.code}`})`}`,
        )
        break
    }
    for (const look of this.#waiting) look()
  }

  /** Resolves when the job has started, or when the new clock works and the old job is over. */
  async until(what: 'job started' | 'over', limitMs: number): Promise<void> {
    const limit = new AbortController()
    const reached = new Promise<void>((resolve) => {
      const look = () => {
        const { started, newClock } = this.#at
        if (
          what === 'job started'
            ? started !== undefined
            : newClock !== undefined && this.#jobEndedAt !== undefined
        )
          resolve()
      }
      this.#waiting.add(look)
      look()
    })
    const late = sleep(limitMs, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`${this.name}: ${what} was not reached within ${limitMs / 1_000} s`)
    })
    try {
      await Promise.race([reached, late])
    } finally {
      limit.abort()
      late.catch(() => {})
    }
  }

  get report(): SideReport {
    const { started = 0, finished, pushed = 0, released, newClock } = this.#at
    const job = finished !== undefined ? 'finished' : this.#at.killed !== undefined ? 'killed' : 'lost'
    return {
      job,
      jobStartedAt: started,
      jobEndedAt: this.#jobEndedAt ?? 0,
      pushedAt: pushed,
      ...(released !== undefined && { releasedAt: released }),
      ...(newClock !== undefined && { newClockAt: newClock }),
      release: this.#release,
    }
  }

  get #jobEndedAt(): number | undefined {
    return this.#at.finished ?? this.#at.killed
  }

  #mark(what: Mark): void {
    this.#at[what] ??= Math.round((performance.now() - this.#beganAt) / 100) / 10
  }
}
