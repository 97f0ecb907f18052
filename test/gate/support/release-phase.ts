import { holdOpen } from '../../../src/deploy/under-gate.ts'
import { type Announcement, announce } from '../../../src/gate/announce.ts'
import { inspectGate, newDeployId, type Surroundings } from '../../../src/gate/gate.ts'
import type { Hold } from '../../../src/gate/hold.ts'
import { type TakenDeploy, type Taker, takeAnnouncement } from '../../../src/gate/take.ts'
import type { DrainTerms } from '../../../src/gate/terms.ts'
import { Lines } from '../../participant/support/lines.ts'
import { ASKER, type Scene, TERMS } from './scene.ts'

/** A release phase of the announced commit. */
export const RELEASE: Taker = { dyno: 'release.1234', commit: ASKER.commit as string, given: {} }

/** What a release phase does, step by step, so that a test can let something happen in between. */
export class ReleasePhase {
  readonly log = new Lines()
  readonly around: Surroundings
  readonly #taker: Taker
  taken: TakenDeploy | undefined
  hold: Hold | undefined

  /** @param through what its calls go through, on their way to the server */
  constructor(
    scene: Scene,
    numbers: Parameters<Scene['around']>[0] = {},
    taker: Taker = RELEASE,
    through: (around: Surroundings) => Surroundings = (around) => around,
  ) {
    const pushLeaseMs = 600_000
    this.around = through({
      ...scene.around({ pushLeaseMs, resumeWatchMs: 20_000, ...numbers }),
      log: this.log,
    })
    this.#taker = taker
  }

  async take(): Promise<boolean> {
    this.taken = await takeAnnouncement(this.around, this.#taker)
    return this.taken !== undefined
  }

  /**
   * Asks, drains, commits and leaves it, as `deploy-gate drain --hold` does; tells how that failed.
   * @param alone the terms where nothing was taken
   */
  async drain(alone = TERMS): ReturnType<Hold['leave']> {
    const { taken } = this
    const terms = taken?.terms ?? alone
    const asker = taken?.asker ?? { name: 'release.1234', holds: true }
    const follow = async (hold: Hold) => {
      this.hold = hold
      await taken?.confirm()
    }
    try {
      await inspectGate(
        this.around,
        'default',
        asker,
        terms.asked.map(({ type }) => type),
      )
      return await holdOpen(this.around, {
        id: taken?.id ?? newDeployId(),
        terms,
        asker,
        replaces: '',
        follow,
      })
    } catch (error) {
      await taken?.failed(error)
      throw error
    }
  }
}

/** An announcement with an id and a log of its own, as a job has it. */
export async function announced(
  scene: Scene,
  {
    id = newDeployId(),
    terms = {},
    asker = ASKER,
    signal,
    numbers = {},
    through = (around) => around,
  }: {
    readonly id?: string
    readonly terms?: Partial<DrainTerms>
    readonly asker?: typeof ASKER
    readonly signal?: AbortSignal
    readonly numbers?: Parameters<Scene['around']>[0]
    /** what its calls go through, on their way to the server */
    readonly through?: (around: Surroundings) => Surroundings
  } = {},
): Promise<{ readonly id: string; readonly log: Lines; readonly announcement: Announcement }> {
  const log = new Lines()
  const around = { ...scene.around({ resumeWatchMs: 20_000, ...numbers }), log, ...(signal && { signal }) }
  const all = { ...TERMS, ...terms }
  return { id, log, announcement: await announce(through(around), id, all, asker) }
}
