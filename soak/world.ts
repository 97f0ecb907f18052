import { processType } from '../src/participant/options.ts'
import { finish } from '../src/protocol/drain.ts'
import { gateKeys } from '../src/protocol/keys.ts'
import type { Time } from '../src/time.ts'
import type { AppEvent, Work } from './app.ts'
import type { Boot } from './boot.ts'
import { Deployer } from './deployer.ts'
import { Judge } from './judge.ts'
import { Ledger } from './ledger.ts'
import { Party } from './party.ts'
import type { Cast, PlannedDeploy } from './plan.ts'
import { Platform } from './platform.ts'
import { Pulse } from './pulse.ts'
import { Server } from './server.ts'
import { Witness } from './witness.ts'

let count = 0

type Heal = () => Promise<void> | void

/** An app, its Redis and its deployers, and what can be done to them. */
export class World implements AsyncDisposable {
  readonly time: Time
  readonly speed: number
  readonly ledger: Ledger
  readonly server: Server
  readonly witness: Witness
  readonly platform: Platform
  readonly deployers: Deployer[] = []
  readonly judge: Judge
  readonly #pulse: Pulse
  readonly #cast: Cast
  readonly parties = new Set<Party>()
  readonly #heals = new Set<Heal>()
  #works: Promise<void> = Promise.resolve()
  #shut = false
  #dataWasLost = false

  private constructor(
    cast: Cast,
    time: Time,
    speed: number,
    parts: { ledger: Ledger; server: Server; witness: Witness; work(): Work },
  ) {
    this.#cast = cast
    this.time = time
    this.speed = speed
    this.ledger = parts.ledger
    this.server = parts.server
    this.witness = parts.witness
    const around = {
      port: this.server.port,
      gateName: this.server.gateName,
      time,
      speed,
      ledger: this.ledger,
      work: parts.work,
    }
    const server = this.server
    this.platform = new Platform(
      {
        ...around,
        get port() {
          return server.port
        },
      },
      cast.tempers,
    )
    this.#pulse = new Pulse(time)
    this.judge = new Judge(this)
    this.platform.onBoot = (boot) => {
      this.#joins(boot.party)
      boot.app.onEvent = (event) => {
        if (event === 'schedules') this.judge.schedules(boot)
        this.onApp(boot, event)
      }
    }
    this.platform.onPush = (by) => this.judge.pushes(by)
  }

  /** told what becomes of each process's app */
  onApp: (boot: Boot, event: AppEvent) => void = () => {}

  /** @param work called for each process that boots */
  static async of(cast: Cast, time: Time, speed: number, work: () => Work): Promise<World> {
    const ledger = new Ledger(time)
    // Of its own, should a process of another history come upon the port that its server had.
    const gateName = `history-${process.pid}-${++count}`
    const witness = new Witness(ledger, gateKeys(gateName))
    const server = await Server.start(gateName, time, speed, cast.withReplica, witness.take)
    return new World(cast, time, speed, { ledger, server, witness, work })
  }

  /** One whole deploy, up to the end of its post step. @param begins told of it before it does anything */
  async deploy(planned: PlannedDeploy, name: string, begins?: (deployer: Deployer) => void): Promise<void> {
    const party = await this.#enter(name)
    const counts = new Map<string, number>()
    for (const dyno of this.#cast.dynos) {
      const type = processType(dyno)
      counts.set(type, (counts.get(type) ?? 0) + 1)
    }
    const processes = [...counts].map(([type, atLeast]) => ({ type, atLeast, demanded: true }))
    const deployer = new Deployer(name, party, processes, planned, this)
    this.deployers.push(deployer)
    begins?.(deployer)
    const url = deployer.plan.redis.url ?? ''
    const done = deployer.run(this.platform.seenBy(name, party, url, planned.fate))
    await Promise.race([done, this.judge.mustEnd(deployer)])
    this.judge.ended(deployer)
    if (deployer.report) return
    if (planned.postAfterMs) await this.time.sleep(planned.postAfterMs)
    const post = await this.#enter(`${name}'s post`)
    await deployer.post(post)
    post.die()
  }

  async #enter(name: string): Promise<Party> {
    const party = await Party.start(name, this.server.port, this.time)
    this.#joins(party)
    return party
  }

  #joins(party: Party): void {
    this.parties.add(party)
    // Another server may have taken over since its proxy was started.
    party.proxy.retarget(this.server.port)
    party.proxy.slam(this.#shut)
  }

  /** Lets a fault last for `lastsMs`, and ends it; at the end of the world at the latest. */
  async outlive(heal: Heal, lastsMs: number): Promise<void> {
    this.#heals.add(heal)
    await this.time.sleep(lastsMs)
    this.#heals.delete(heal)
    await heal()
  }

  /** How long the machine did not let this history go on within the last `ms`. */
  stalledMs(ms: number): number {
    return this.#pulse.stalledMs(this.time.now() - ms, this.speed)
  }

  /** What is done to the server is done one after another. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#works.then(work)
    this.#works = result.then(
      () => {},
      () => {},
    )
    return result
  }

  /** Nobody connects while `work` is done to the server; then everybody can, to whichever server it is. */
  keepingOut(work: () => Promise<void>): Promise<void> {
    return this.alone(() => this.#keepingOut(work))
  }

  async #keepingOut(work: () => Promise<void>): Promise<void> {
    this.#shut = true
    for (const { proxy } of this.parties) {
      proxy.slam(true)
      proxy.drop()
    }
    await work()
    this.witness.reread(await this.server.redis.hgetall(this.server.keys.intent))
    this.#shut = false
    for (const { proxy, gone } of this.parties) {
      proxy.retarget(this.server.port)
      if (!gone) proxy.slam(false)
    }
  }

  /** Something that was stored is gone. */
  dataLost(): void {
    this.ledger.write('fault', 'data of the server is lost')
    this.judge.dataLost()
    this.#dataWasLost = true
    this.#forgetEpochs()
  }

  step(ms: number): void {
    this.ledger.write('fault', `the server's clock is set by ${(ms / 1_000).toFixed(1)} s`)
    this.judge.stepped()
    this.server.step(ms)
    this.#forgetEpochs()
  }

  /** The server's clock and its data are what keeps epochs in order: without both, in whichever order, nothing does. */
  #forgetEpochs(): void {
    if (this.#dataWasLost && this.server.wasSetBack) this.witness.amnesia = true
  }

  /** Somebody ends a drain that is not his, by a guessed id or an epoch of old. */
  async strangerFinishes(force: number): Promise<void> {
    const { redis } = this.server
    const { keys } = this.server
    const epochs = [...this.witness.drains.keys()]
    const there = await redis.hget(keys.intent, 'id')
    const owner =
      force < 0.5
        ? { id: 'a stranger', epoch: epochs.at(-1) ?? '1' }
        : { id: there ?? 'nobody', epoch: '1700000000000000' }
    const answer = await finish(redis, keys, owner, force < 0.25 ? 'released' : 'aborted')
    if (answer !== 'not-ours') this.ledger.broken('I9', 'a stranger', `was answered ${answer}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pulse[Symbol.dispose]()
    for (const heal of this.#heals) await heal()
    for (const deployer of this.deployers) deployer.crash(false)
    await this.platform[Symbol.asyncDispose]()
    for (const party of this.parties) await party[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
  }
}
