import type { Outcome } from '../outcome.ts'

/** What one participant did during the drain. Texts come from the participant: escape them before showing. */
export interface ParticipantReport {
  /** `clock.1`; of listeners without a name `clock`, or `clock 1 of 2` */
  readonly dyno: string
  readonly type: string
  readonly id: string
  /** the last state seen: `running`, `draining`, `drained`, `failed`, `exited` or `silent` (not heard of any more) */
  readonly state: string
  /** from the request until it accepted; absent if it never did */
  readonly acceptedSeconds?: number
  /** from the request until it was drained; absent if it never was */
  readonly drainedSeconds?: number
  /** jobs; each absent where its protocol does not count them */
  readonly finished?: number
  readonly stored?: number
  /** jobs that were running when the participant was lost */
  readonly lost?: number
  readonly note?: string
}

/** A phase of the deploy as the chart shows it, in milliseconds since the deploy began. */
export interface Span {
  /** in words: `preflight`, `clock.1 draining`, `push and build`, `release`, `new dynos`, `new clock`, `health check`, `rollback` */
  readonly name: string
  readonly section: 'gate' | 'heroku'
  readonly fromMs: number
  readonly toMs: number
  readonly failed: boolean
}

/** What a drain came to. Absent: it did not come to that. */
export interface HoldReport {
  readonly participants: readonly ParticipantReport[]
  readonly drainSeconds?: number
  /** how long no asked participant was scheduling */
  readonly quietSeconds?: number
  /** absent where somebody took part and nobody counts jobs */
  readonly jobsFinished?: number
  readonly jobsStored?: number
}

/** Everything that outputs and the summary show, read off what happened. Absent: it did not come to that. */
export interface DeployReport extends HoldReport {
  readonly outcome: Outcome
  /** how it ended, for a person */
  readonly message: string
  /** what to do next; empty when there is nothing */
  readonly next: string
  readonly app: string
  /** `v43` */
  readonly release?: string
  /** the release by which it was taken back, `v44` */
  readonly rollback?: string
  /** full SHA */
  readonly commit?: string
  /** the app's own URL */
  readonly url?: string
  readonly warnings: readonly string[]
  readonly spans: readonly Span[]
}
