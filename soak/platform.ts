import type { Heroku, Target } from '../src/deploy/deploy.ts'
import { DeployError } from '../src/outcome.ts'
import type { Temper } from './app.ts'
import { Boot, type Surroundings } from './boot.ts'
import type { Party } from './party.ts'

/** How one push goes, on Heroku's side. */
export interface Fate {
  readonly buildMs: number
  /** from the end of the build, which ends the push, until the release runs or has failed; default: none */
  readonly releaseMs?: number
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
  readonly #released = new Map<string, Promise<void>>()
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

  /** The dyno is ended in order and started again, as each is once a day. */
  async cycle(dyno: string): Promise<void> {
    const boot = this.dynos.get(dyno)
    if (!boot?.alive || boot.terminated) return
    await boot.terminate(this.#around.time)
    if (this.dynos.get(dyno) === boot) await this.#boot(dyno)
  }

  /** Heroku as the deploy `by` sees it, from the process `party`. */
  seenBy(by: string, party: Party, redisUrl: string, fate: Fate): Heroku {
    return {
      preflight: async (): Promise<Target> => ({
        what: `HEAD is ${by}`,
        commit: by.padEnd(40, '0'),
        webUrl: 'https://shop.example',
        upToDate: false,
        currentRelease: `v${this.release}`,
        publish: async (signal) => {
          const push: Push = { by, startedAt: this.#around.ledger.now }
          this.pushes.push(push)
          this.#around.ledger.write(by, `pushes; it will be: ${fate.ending} after ${fate.buildMs} ms`)
          this.onPush(by)
          // The build goes on whatever becomes of who asked for it.
          const built = this.#build(by, fate)
          this.#released.set(
            by,
            built.then(() => this.#release(push, fate)),
          )
          await Promise.race([built, abortion(signal)]).finally(() => party.enter())
          if (fate.ending === 'build-failed')
            throw new DeployError('build-failed', 'The build failed.', 'Mend it.')
        },
        verify: async (signal) => {
          await Promise.race([this.#released.get(by), abortion(signal)])
          await party.time.sleep(2_000, signal)
          if (fate.ending === 'release-failed')
            throw new DeployError('release-failed', 'The release failed.', 'Mend it.')
          return `v${this.release}`
        },
        rollBack: async () => {
          throw new TypeError('no history goes back')
        },
      }),
      configVar: async () => redisUrl,
      tellTo: () => {},
      dynosUp: async () => {},
      inDyno: () => Promise.reject(new Error('not asked for')),
    }
  }

  /** Resolves when every push so far has come to its end. */
  async settled(): Promise<void> {
    await Promise.all(this.#released.values())
  }

  async #build(by: string, { buildMs }: Fate): Promise<void> {
    await this.#around.time.sleep(buildMs / 2)
    this.#around.ledger.write('heroku', `is half done with the build of ${by}`)
    await this.#around.time.sleep(buildMs / 2)
  }

  async #release(push: Push, { ending, releaseMs = 0 }: Fate): Promise<void> {
    if (releaseMs > 0) await this.#around.time.sleep(releaseMs)
    if (ending === 'build-failed' || ending === 'release-failed') return
    this.release++
    push.landed = this.#around.ledger.now
    this.#around.ledger.write('heroku', `v${this.release} is released`)
    if (ending !== 'released') return
    const booting = [...this.dynos].map(([dyno, old]) => {
      void old.terminate(this.#around.time)
      return this.#boot(dyno)
    })
    await Promise.all(booting)
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

function abortion(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
