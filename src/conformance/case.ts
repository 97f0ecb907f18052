import type { Scene } from './scene.ts'

/** How far a listener goes. Each level holds all that is below it. */
export const LEVELS = ['none', 'drains', 'safe', 'complete'] as const
export type Level = 1 | 2 | 3

/** One thing that a listener must do. */
export interface Case {
  /** a name that stays */
  readonly name: string
  /** the level that needs it: 1, it drains and resumes as it is told; 2, also when things go wrong; 3, with its scheduler's jobs */
  readonly level: Level
  /** it waits out minutes of the protocol's, so it begins before the others */
  readonly long?: true
  /** Plays it through. @throws Misconduct */
  run(scene: Scene): Promise<void>
}
