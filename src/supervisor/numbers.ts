/** The supervisor's figures, all in ms. Why each is what it is: docs/supervisor.md. */
export const NUMBERS = {
  /** at least this between the drain signal and the force signal: a second one in the same moment looks like the first, come twice */
  forceGapMs: 2_000,
  /** from the force signal to SIGKILL, unless the command line says otherwise */
  killAfterMs: 10_000,
  /** the most that the command line may say: the deployer waits 30 s for whoever it has forced, gap and last beat included */
  longestKillAfterMs: 25_000,
  /** from SIGTERM to SIGKILL for what a program that ended by itself has left behind */
  sweepMs: 5_000,
  /** between two looks at what is left of a group whose leader has ended: nobody tells of that */
  lookEveryMs: 100,
  /** how long a silent pipe is listened to once the group is gone: somebody outside of it may keep it open for good */
  silentPipeMs: 1_000,
  /** until a descriptor that can't take any more now is tried again */
  writeAgainMs: 10,
} as const

export type Numbers = { readonly [K in keyof typeof NUMBERS]: number }
