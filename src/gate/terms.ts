/** One process type that must drain, and how many participants of it at least. */
export interface AskedType {
  readonly type: string
  /** 0: nobody need be there, but whoever is must drain */
  readonly atLeast: number
  /** whether the number was asked for, or is the default of one */
  readonly demanded: boolean
}

/** What a deployer asks of a gate. Durations in ms. */
export interface DrainTerms {
  readonly asked: readonly AskedType[]
  /** each participant must have accepted so long after it was asked */
  readonly acknowledgeTimeoutMs: number
  /** all must be drained so long after the request */
  readonly drainTimeoutMs: number
  readonly onDrainTimeout: 'fail' | 'force' | 'deploy'
  readonly onMissingClock: 'fail' | 'deploy'
  /** the dynos that Heroku says are up; who of them has not joined is named when somebody is missing */
  readonly expected?: readonly ExpectedDyno[]
}

/** A dyno that is up. */
export interface ExpectedDyno {
  /** `clock.1` */
  readonly dyno: string
  readonly type: string
  /** `v42` */
  readonly release?: string
}

/** Who asks, as it is shown to a deployer that finds the gate taken. */
export interface Asker {
  readonly name: string
  /** absent where the asker does not know it: participants of any one app are asked then */
  readonly app?: string
  readonly commit?: string
  readonly runUrl?: string
  /** whether nobody stands behind the drain any more once it was committed: it lasts for its lease, or until it is ended by hand */
  readonly holds?: true
}
