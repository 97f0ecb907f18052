import { finish } from '../src/protocol/drain.ts'
import { gateKeys } from '../src/protocol/keys.ts'
import type { Time } from '../src/time.ts'
import type { FaultProxy } from '../test/support/fault-proxy.ts'
import type { Boot } from './boot.ts'
import { Deployer } from './deployer.ts'
import { type FaultKind, inflict } from './faults.ts'
import { Judge, typeOf } from './judge.ts'
import { Ledger } from './ledger.ts'
import { Party } from './party.ts'
import { type HistoryPlan, type PlannedDeploy, type PlannedFault, TROUBLE_MS } from './plan.ts'
import { Platform } from './platform.ts'
import { Pulse } from './pulse.ts'
import { Random } from './random.ts'
import { Server } from './server.ts'
import { Witness } from './witness.ts'

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
  /** how often each fault happened to somebody */
  readonly inflicted = new Map<FaultKind, number>()
  readonly #plan: HistoryPlan
  readonly #parties = new Set<Party>()
  readonly #heals = new Set<Heal>()
  #works: Promise<void> = Promise.resolve()

  private constructor(
    plan: HistoryPlan,
    time: Time,
    speed: number,
    parts: { ledger: Ledger; server: Server; witness: Witness },
  ) {
    this.#plan = plan
    this.time = time
    this.speed = speed
    this.ledger = parts.ledger
    this.server = parts.server
    this.witness = parts.witness
    const around = {
      port: this.server.port,
      time,
      speed,
      ledger: this.ledger,
      random: new Random(plan.seed ^ 0x5eed),
    }
    const server = this.server
    this.platform = new Platform(
      {
        ...around,
        get port() {
          return server.port
        },
      },
      plan.tempers,
    )
    this.#pulse = new Pulse(time)
    this.judge = new Judge(this)
    this.platform.onBoot = (boot) => {
      this.#parties.add(boot.party)
      boot.app.onScheduling = () => this.judge.schedules(boot)
    }
    this.platform.onPush = (by) => this.judge.pushes(by)
  }

  static async of(plan: HistoryPlan, time: Time, speed: number): Promise<World> {
    const ledger = new Ledger(time)
    const witness = new Witness(ledger)
    const server = await Server.start(time, speed, plan.withReplica, witness.take)
    return new World(plan, time, speed, { ledger, server, witness })
  }

  /** Lives through the plan, and sees to it that everybody comes to rest. */
  async run(): Promise<void> {
    await this.platform.begin(this.#plan.dynos)
    const deploys = this.#plan.deploys.map((planned, index) => this.#deploy(planned, `deploy-${index + 1}`))
    const faults = this.#plan.faults.map((fault) => this.#fault(fault))
    await Promise.all(faults)
    await Promise.all(deploys)
    await this.judge.rest()
  }

  async #deploy(planned: PlannedDeploy, name: string): Promise<void> {
    await this.time.sleep(planned.atMs)
    const party = await Party.start(name, this.server.port, this.time)
    this.#parties.add(party)
    const counts = new Map<string, number>()
    for (const dyno of this.#plan.dynos) {
      const type = typeOf(dyno)
      counts.set(type, (counts.get(type) ?? 0) + 1)
    }
    const processes = [...counts].map(([type, atLeast]) => ({ type, atLeast, demanded: true }))
    const deployer = new Deployer(name, party, processes, planned, this)
    this.deployers.push(deployer)
    const url = deployer.plan.redis.url ?? ''
    const done = deployer.run(this.platform.seenBy(name, party, url, planned.fate))
    await Promise.race([done, this.judge.mustEnd(deployer)])
    this.judge.ended(deployer)
    if (deployer.report) return
    const post = await Party.start(`${name}'s post`, this.server.port, this.time)
    this.#parties.add(post)
    await deployer.post(post)
    post.die()
  }

  async #fault(fault: PlannedFault): Promise<void> {
    if (fault.after) {
      const over = this.time.sleep(TROUBLE_MS).then(() => false)
      const came = this.witness.moment(fault.after).then(() => true)
      if (!(await Promise.race([over, came]))) return
    }
    await this.time.sleep(fault.atMs)
    const heal = await inflict(fault, this)
    if (!heal) return
    const { kind, lastsMs } = fault
    this.inflicted.set(kind, (this.inflicted.get(kind) ?? 0) + 1)
    this.#heals.add(heal)
    await this.time.sleep(Math.min(lastsMs, Math.max(0, TROUBLE_MS + 90_000 - this.ledger.now)))
    this.#heals.delete(heal)
    await heal()
    this.ledger.write('fault', `${kind} is over`)
  }

  /** How long the machine did not let this history go on within the last `ms`. */
  stalledMs(ms: number): number {
    return this.#pulse.stalledMs(this.time.now() - ms, this.speed)
  }

  /** Picks somebody's link for `fault`. */
  link(fault: PlannedFault, act: (proxy: FaultProxy) => Heal | Promise<Heal>) {
    const there = [...this.#parties].filter((party) => !party.gone && !party.name.endsWith('post'))
    return this.#to(fault, there, (party) => {
      this.judge.disturbed(party, fault)
      return act(party.proxy)
    })
  }

  dyno(fault: PlannedFault, act: (boot: Boot) => Heal | Promise<Heal>) {
    const there = [...this.platform.dynos.values()].filter(({ alive, terminated }) => alive && !terminated)
    return this.#to(fault, there, (boot) => {
      this.judge.disturbed(boot.party, fault)
      return act(boot)
    })
  }

  deployer(fault: PlannedFault, act: (deployer: Deployer) => Heal | Promise<Heal>) {
    return this.#to(
      fault,
      this.deployers.filter(({ running }) => running),
      act,
    )
  }

  async #to<T extends { readonly party: Party } | Party>(
    { kind, target }: PlannedFault,
    there: readonly T[],
    act: (one: T) => Heal | Promise<Heal>,
  ): Promise<Heal | undefined> {
    const one = there[Math.floor(target * there.length)]
    if (!one) return undefined
    this.ledger.write('fault', `${kind}: ${one instanceof Party ? one.name : one.party.name}`)
    return act(one)
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
    const all = [...this.#parties].filter(({ gone }) => !gone)
    for (const { proxy } of all) {
      proxy.slam(true)
      proxy.drop()
    }
    await work()
    this.witness.reread(await this.server.redis.hgetall(this.server.keys.intent))
    for (const { proxy, gone } of all) {
      proxy.retarget(this.server.port)
      if (!gone) proxy.slam(false)
    }
  }

  /** Something that was stored is gone. */
  dataLost(): void {
    this.ledger.write('fault', 'data of the server is lost')
    this.judge.dataLost()
    if (this.server.wasSetBack) this.witness.amnesia = true
  }

  step(ms: number): void {
    this.ledger.write('fault', `the server's clock is set by ${(ms / 1_000).toFixed(1)} s`)
    this.judge.stepped()
    this.server.step(ms)
  }

  /** Somebody ends a drain that is not his, by a guessed id or an epoch of old. */
  async strangerFinishes(force: number): Promise<void> {
    const { redis } = this.server
    const keys = gateKeys('default')
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
    for (const party of this.#parties) await party[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
  }
}
