import { CLOCK_FAULTS } from './faults/clock.ts'
import { DEPLOY_FAULTS } from './faults/deploy.ts'
import { JOB_FAULTS } from './faults/job.ts'
import { REDIS_FAULTS } from './faults/redis.ts'
import type { Moment } from './moment.ts'
import type { Scene, Setting } from './scene.ts'

/** Something that can go wrong with a deploy. */
export interface Fault {
  readonly group: string
  readonly name: string
  /** what to do when it happened, in a line */
  readonly advice: string
  readonly moments: readonly Moment[]
  readonly setting?: Partial<Setting>
  inflict(scene: Scene): void
  /** what must be done before the deploy begins */
  prepare?(scene: Scene): void
}

/** All that the table shows, in its order. */
export const FAULTS: readonly Fault[] = [...JOB_FAULTS, ...CLOCK_FAULTS, ...REDIS_FAULTS, ...DEPLOY_FAULTS]
