import type { AppEvent, Temper, Work } from '../app.ts'
import type { Boot } from '../boot.ts'
import type { Deployer } from '../deployer.ts'
import { fastTime } from '../fast-clock.ts'
import type { Party } from '../party.ts'
import type { PlannedDeploy } from '../plan.ts'
import type { Fate } from '../platform.ts'
import { World } from '../world.ts'
import type { Fault } from './fault.ts'
import { atMoment, type Moment } from './moment.ts'

/** The deploy of a story. */
export const DEPLOY = 'deploy-1'

/** How a story's app and deploy are, before anything goes wrong. */
export interface Setting {
  /** how long the job lasts that runs as the deploy begins */
  readonly jobMs: number
  readonly temper: Temper
  readonly ending: Fate['ending']
  readonly onDrainTimeout: PlannedDeploy['onDrainTimeout']
  readonly drainTimeoutMs: number
  readonly post: boolean
  readonly withReplica: boolean
}

const SETTING: Setting = {
  jobMs: 20_000,
  temper: 'willing',
  ending: 'released',
  onDrainTimeout: 'fail',
  drainTimeoutMs: 300_000,
  post: false,
  withReplica: false,
}

/** Something that became of the app, and when, ms of the story. */
export interface AppMoment {
  readonly at: number
  readonly boot: Boot
  readonly event: AppEvent
}

/** One app with one clock that runs one job, one deploy of it, and one fault. */
export class Scene implements AsyncDisposable {
  readonly world: World
  readonly setting: Setting
  readonly moments: AppMoment[] = []
  /** when the fault happened, ms of the story */
  faultAt: number | undefined
  deployer: Deployer | undefined
  /** when the deploy ended its drain or came to its end, whichever was first */
  endedAt: number | undefined
  readonly #lineListeners: ((who: string, what: string) => void)[] = []
  readonly #appListeners: ((boot: Boot, event: AppEvent) => void)[] = []
  readonly #busy: Promise<unknown>[] = []

  private constructor(world: World, setting: Setting) {
    this.world = world
    this.setting = setting
    world.ledger.onLine = (who, what) => {
      for (const listener of this.#lineListeners) listener(who, what)
    }
    world.onApp = (boot, event) => {
      this.moments.push({ at: world.ledger.now, boot, event })
      for (const listener of this.#appListeners) listener(boot, event)
    }
  }

  static async of(different: Partial<Setting>, speed: number): Promise<Scene> {
    const setting = { ...SETTING, ...different }
    // The first process has the job, and those that take its place have none: it is its fate that is told.
    const works = [oneJob(setting.jobMs)]
    const cast = {
      dynos: ['clock.1'],
      tempers: { 'clock.1': setting.temper },
      withReplica: setting.withReplica,
    }
    const world = await World.of(cast, fastTime(speed), speed, () => works.pop() ?? (() => undefined))
    return new Scene(world, setting)
  }

  /** The clock as it is now. */
  get clock(): Boot {
    const boot = this.world.platform.dynos.get('clock.1')
    if (!boot) throw new RangeError('there is no clock')
    return boot
  }

  /** Lives through the story, up to the moment in which everybody is at rest. */
  async play(moment: Moment, { prepare, inflict }: Pick<Fault, 'prepare' | 'inflict'>): Promise<void> {
    const { world } = this
    const jobRuns = new Promise<void>((resolve) => {
      this.#appListeners.push((_, event) => void (event === 'job begins' && resolve()))
    })
    await world.platform.begin(['clock.1'])
    await jobRuns
    await this.deploy(DEPLOY, (deployer) => {
      this.deployer = deployer
      prepare?.(this)
      this.#lineListeners.push((who, what) => {
        if (who === deployer.name && what.startsWith('ends: ')) this.endedAt ??= world.ledger.now
      })
      const watched = {
        deployer,
        onLine: (listener: (who: string, what: string) => void) => void this.#lineListeners.push(listener),
        onApp: (listener: (boot: Boot, event: AppEvent) => void) => void this.#appListeners.push(listener),
      }
      atMoment(moment, watched, () => {
        this.faultAt = world.ledger.now
        world.ledger.write('fault', `while ${moment}`)
        inflict(this)
      })
    })
    if (this.faultAt === undefined) world.ledger.broken('story', DEPLOY, `never came to ${moment}`)
    await Promise.all(this.#busy)
    await world.platform.settled()
    await world.judge.rest()
  }

  deploy(name: string, begins?: (deployer: Deployer) => void): Promise<void> {
    const { ending, onDrainTimeout, drainTimeoutMs, post } = this.setting
    return this.world.deploy(
      {
        atMs: 0,
        fate: { buildMs: 20_000, releaseMs: 10_000, ending },
        onDrainTimeout,
        drainTimeoutMs,
        post,
        postAfterMs: 5_000,
        deployTimeoutMs: 1_800_000,
        waitForClockMs: 120_000,
      },
      name,
      begins,
    )
  }

  /** The story is not over before `work` is. */
  readonly goOn = (work: Promise<unknown>): void => {
    this.#busy.push(work)
  }

  /** Something is wrong with `party` for `lastsMs`, and then no more. */
  disturb(party: Party, lastsMs: number, heal: () => void): void {
    this.world.judge.disturbed(party, { lastsMs })
    this.goOn(this.world.outlive(heal, lastsMs))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.world[Symbol.asyncDispose]()
  }
}

function oneJob(lastsMs: number): Work {
  const jobs = [{ inMs: 500, lastsMs }]
  return () => jobs.pop()
}
