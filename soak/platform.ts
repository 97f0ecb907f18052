import type { Heroku, Target } from '../src/deploy/deploy.ts'
import { DeployError } from '../src/outcome.ts'
import type { Temper } from './app.ts'
import { Boot, type Surroundings } from './boot.ts'
import type { Party } from './party.ts'

/** How one push goes, on Heroku's side. */
export interface Fate {
  readonly buildMs: number
  readonly ending: 'released' | 'build-failed' | 'release-failed' | 'released, and no dyno restarts'
}

/** What a push has come to. */
export interface Push {
  readonly by: string
  readonly startedAt: number
  landed?: number
}

/** The dynos of an app, and what Heroku does to them. */
export class Platform {
  readonly #around: Surroundings
  readonly #tempers: Readonly<Record<string, Temper>>
  /** the boot that each dyno name stands for now */
  readonly dynos = new Map<string, Boot>()
  readonly boots: Boot[] = []
  readonly pushes: Push[] = []
  release = 1
  /** told when the first byte of a push leaves */
  onPush: (by: string) => void = () => {}

  constructor(around: Surroundings, tempers: Readonly<Record<string, Temper>>) {
    this.#around = around
    this.#tempers = tempers
  }

  async begin(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((dyno) => this.#boot(dyno)))
  }

  /** The dyno's process dies, and Heroku starts it again some time later. */
  async crash(dyno: string, silently: boolean, againAfterMs: number): Promise<void> {
    const boot = this.dynos.get(dyno)
    if (!boot?.alive || boot.terminated) return
    boot.kill('a crash', silently)
    await this.#around.time.sleep(againAfterMs)
    if (this.dynos.get(dyno) === boot) await this.#boot(dyno)
  }

  /** Heroku as the deploy `by` sees it, from the process `party`. */
  seenBy(by: string, party: Party, redisUrl: string, fate: Fate): Heroku {
    return {
      preflight: async (): Promise<Target> => ({
        commit: by.padEnd(40, '0'),
        webUrl: 'https://shop.example',
        upToDate: false,
        currentRelease: `v${this.release}`,
      }),
      configVar: async () => redisUrl,
      push: async (_, signal) => {
        const push: Push = { by, startedAt: this.#around.ledger.now }
        this.pushes.push(push)
        this.#around.ledger.write(by, `pushes; it will be: ${fate.ending} after ${fate.buildMs} ms`)
        this.onPush(by)
        // The build goes on whatever becomes of who asked for it.
        const built = this.#build(push, fate)
        const cancelled = new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        })
        await Promise.race([built, cancelled]).finally(() => party.enter())
        if (fate.ending === 'build-failed')
          throw new DeployError('build-failed', 'The build failed.', 'Mend it.')
      },
      verify: async (_, signal) => {
        await party.time.sleep(2_000, signal)
        if (fate.ending === 'release-failed')
          throw new DeployError('release-failed', 'The release failed.', 'Mend it.')
        return `v${this.release}`
      },
    }
  }

  async #build(push: Push, { buildMs, ending }: Fate): Promise<void> {
    await this.#around.time.sleep(buildMs)
    if (ending === 'build-failed' || ending === 'release-failed') return
    this.release++
    push.landed = this.#around.ledger.now
    this.#around.ledger.write('heroku', `v${this.release} is released`)
    if (ending !== 'released') return
    for (const [dyno, old] of this.dynos) {
      void old.terminate(this.#around.time)
      void this.#boot(dyno)
    }
  }

  async #boot(dyno: string): Promise<void> {
    const temper = this.#tempers[dyno] ?? 'willing'
    const boot = await Boot.of({ dyno, release: this.release, temper }, this.#around)
    this.dynos.set(dyno, boot)
    this.boots.push(boot)
    this.onBoot(boot)
    void boot.start()
  }

  /** told of each process that boots */
  onBoot: (boot: Boot) => void = () => {}

  async [Symbol.asyncDispose](): Promise<void> {
    for (const boot of this.boots) {
      if (boot.alive) boot.app.end()
      await boot.party[Symbol.asyncDispose]()
    }
  }
}
