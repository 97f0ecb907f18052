import { EventEmitter } from 'node:events'

export type EventKind =
  | 'push-received'
  | 'push-answered'
  | 'build-started'
  | 'build-failed'
  | 'build-done'
  | 'release'
  | 'dyno-up'
  | 'dyno-line'
  | 'sighup'
  | 'sigterm'
  | 'sigkill'
  | 'dyno-exited'

/** Something that happened at the local Heroku. */
export interface HerokuEvent {
  /** since 1970, never running backwards */
  readonly atMs: number
  readonly app: string
  readonly kind: EventKind
  /** for people: `clock.1 v43 pid 4711`, `v43 succeeded`; of a `dyno-line` the line alone */
  readonly text: string
  /** of `push-received` and `push-answered`: which push. Answered: git has moved the branch, or refused to. */
  readonly push?: string
  /** `clock.1`, of all that has to do with a dyno */
  readonly dyno?: string
  /** `v43`, of releases and dynos */
  readonly release?: string
  /** of `release` */
  readonly status?: 'pending' | 'succeeded' | 'failed'
  /** the commit that is pushed, built or released, full SHA */
  readonly commit?: string
  readonly pid?: number
  /** of `dyno-line` */
  readonly stream?: 'stdout' | 'stderr'
  /** of `dyno-exited`; null when a signal ended it */
  readonly code?: number | null
  /** of `dyno-exited`; null when it exited by itself */
  readonly signal?: NodeJS.Signals | null
}

export interface EventLog {
  /** all of them, in their order */
  readonly events: readonly HerokuEvent[]
  record(event: Omit<HerokuEvent, 'atMs'>): void
  /** @returns what takes the listener off again */
  on(listener: (event: HerokuEvent) => void): () => void
  /**
   * Resolves with the first event that the predicate accepts, also one of the past. `from` is the index in `events` to
   * begin with, `timeoutMs` (20 s) a safety net.
   * @throws Error with the last events when none came in time
   */
  waitFor(
    predicate: (event: HerokuEvent) => boolean,
    options?: { readonly timeoutMs?: number; readonly from?: number },
  ): Promise<HerokuEvent>
}

const TIMEOUT_MS = 20_000
const SHOWN = 30

export function createEventLog(): EventLog {
  const events: HerokuEvent[] = []
  const emitter = new EventEmitter().setMaxListeners(0)

  function on(listener: (event: HerokuEvent) => void): () => void {
    emitter.on('event', listener)
    return () => emitter.off('event', listener)
  }

  return {
    events,
    record(event) {
      const recorded = { ...event, atMs: performance.timeOrigin + performance.now() }
      events.push(recorded)
      emitter.emit('event', recorded)
    },
    on,
    waitFor(predicate, { timeoutMs = TIMEOUT_MS, from = 0 } = {}) {
      const past = events.slice(from).find(predicate)
      if (past) return Promise.resolve(past)
      return new Promise((resolve, reject) => {
        const off = on((event) => {
          if (!predicate(event)) return
          clearTimeout(limit)
          off()
          resolve(event)
        })
        const limit = setTimeout(() => {
          off()
          const last = events.slice(-SHOWN).map(({ app, kind, text }) => `${app} ${kind}: ${text}`)
          reject(
            new Error(`The event did not come within ${timeoutMs} ms. The last ones:\n${last.join('\n')}`),
          )
        }, timeoutMs)
      })
    },
  }
}
