/** The deployer's figures, all in ms. Why each is what it is: docs/protocol.md. */
export const NUMBERS = {
  /** a runner that dies while draining costs the clock this at the most */
  drainLeaseMs: 60_000,
  /** outlives a failover of the server during the build */
  pushLeaseMs: 180_000,
  renewEveryMs: 15_000,
  /** after a renewal that failed */
  renewAgainMs: 2_000,
  /** every hold must last so long beyond the commit */
  marginMs: 30_000,
  /** a request that reaches the server later than this is void */
  requestValidMs: 30_000,
  /** between looks when nothing rings */
  lookEveryMs: 2_000,
  /** for each row of a look, until the next one, whoever rings: it reads them all, and where many take part somebody always rings */
  lookRestPerRowMs: 0.2,
  /** an announcement that nobody keeps up is forgotten: a runner that dies leaves none for longer */
  announcedMs: 180_000,
  /** for participants that were told to force, until they must have acknowledged */
  forceGraceMs: 30_000,
  /** no participant stays held for longer than this after it was asked, whatever a deployer says: docs/protocol.md, its own cap */
  maxHoldMs: 3_600_000,
  /** until an aborted drain's participants should be seen scheduling again */
  resumeWatchMs: 10_000,
} as const

export type Numbers = { readonly [K in keyof typeof NUMBERS]: number }
