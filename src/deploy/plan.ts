import type { HerokuPlan } from '../heroku/plan.ts'

/** What happens when the participants have not drained in time. */
export type OnDrainTimeout = 'fail' | 'force' | 'deploy'

/** What happens when no participant of an asked process type is there. */
export type OnMissingClock = 'fail' | 'deploy'

/** How far the Redis server's certificate is trusted: see `trust` in `server.ts`. */
export type RedisTls = 'auto' | 'verify' | 'insecure'

/** One process type that must drain, and how many participants of it at least. */
export interface AskedProcess {
  readonly type: string
  readonly atLeast: number
  /** whether the number was asked for (`worker=3`) or is the default of one */
  readonly demanded: boolean
}

/** From where the clock is asked: from here, or from a one-off dyno of the app, which reaches a Redis that can't be reached from here. */
export type DrainFrom = 'runner' | 'dyno'

/** What tells that the new release serves. Durations in ms. */
export interface HealthCheck {
  /** an address, or a path (`/healthz`) of the app's own */
  readonly url: string
  /** the HTTP statuses that are well, each from–to */
  readonly statuses: readonly (readonly [number, number])[]
  /** must stand in the answer; absent: anything may */
  readonly body?: string
  readonly timeoutMs: number
  readonly intervalMs: number
}

/** One deploy as it was asked for: every input resolved and valid, nothing touched yet. Durations in ms. */
export interface DeployPlan extends HerokuPlan {
  readonly redis: {
    /** absent: read from the app's config var `configVar` */
    readonly url?: string
    readonly configVar: string
    readonly tls: RedisTls
    /** SHA-256 of each accepted certificate, 64 lower-case hex digits without colons */
    readonly fingerprints?: readonly string[]
  }
  readonly gateName: string
  /** the lists by which hand-written listeners are asked; absent: the participants speak the drain protocol */
  readonly list?: {
    readonly requestKey: string
    readonly responseKey: string
    readonly message: string
    /** empty: nothing starts a listener again */
    readonly resumeMessage: string
  }
  readonly processes: readonly AskedProcess[]
  readonly acknowledgeTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly onDrainTimeout: OnDrainTimeout
  readonly onMissingClock: OnMissingClock
  readonly skipDrain: boolean
  readonly drainFrom: DrainFrom
  readonly deployTimeoutMs: number
  /** 0: don't wait */
  readonly waitForDynosMs: number
  /** 0: don't wait */
  readonly waitForClockMs: number
  readonly healthCheck?: HealthCheck
  readonly rollbackOnFailure: boolean
  readonly dryRun: boolean
  /** who asks: shown to a person whose deploy finds this one at work */
  readonly asker: { readonly name: string; readonly runUrl?: string }
}

/** Whether the drain, or its announcement, goes to Redis from this machine. */
export function asksFromHere({ skipDrain, drainFrom }: DeployPlan): boolean {
  return !skipDrain && drainFrom === 'runner'
}
