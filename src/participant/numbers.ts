/** The participant's figures, all in ms. Why each is what it is: docs/protocol.md. */
export const NUMBERS = {
  /** between beats while nothing is asked and the doorbell can be heard */
  idleBeatMs: 25_000,
  /** between beats while nothing is asked and the server can't ring (before RESP3) */
  deafBeatMs: 10_000,
  drainingBeatMs: 3_000,
  /** between beats that tell of progress alone: a job may report as often as it likes */
  progressBeatMs: 250,
  /** held, and the deployer has not committed: the reported hold lags one beat and must keep the margin */
  heldBeatMs: 5_000,
  /** held during a push: a third of what is left, within these */
  pushingBeatMs: { least: 5_000, most: 60_000 },
  /** after a release, until SIGTERM comes or it turns out that none does */
  quietAfterReleaseMs: 90_000,
  quietBeatMs: 10_000,
  /** nobody holds a participant longer than this, whatever the lease says */
  maxHoldMs: 3_600_000,
  /** Redis out of reach at boot: after this the app starts anyway */
  bootBarrierMs: 5_000,
  /** from SIGTERM until running jobs are asked to stop; Heroku's SIGKILL comes at 30 s */
  forceAfterSigtermMs: 20_000,
  /** for the last beat of a participant that leaves */
  farewellMs: 2_000,
} as const

export type Numbers = {
  readonly [K in keyof typeof NUMBERS]: (typeof NUMBERS)[K] extends number ? number : (typeof NUMBERS)[K]
}
