import type { Redis } from 'ioredis'
import type { Row } from '../protocol/row.ts'
import type { Time } from '../time.ts'
import { Deployer, DYNO, Misconduct, SUCCESSOR } from './deployer.ts'
import { type Boot, boot } from './listener.ts'
import type { Call, Happening, Recorder } from './recorder.ts'
import { Relay } from './relay.ts'
import type { Backend } from './server.ts'

/** What a scene plays with. */
export interface Stage {
  readonly command: readonly string[]
  readonly backend: Backend
  /** the deployer's own connection, which no fault touches */
  readonly redis: Redis
  readonly recorder: Recorder
  readonly time: Time
  readonly signal: AbortSignal
}

const LOOK_EVERY_MS = 100

/** One gate, one listener behind it, and the deployer that plays with it. Times are the server's ms. */
export class Scene extends Deployer {
  readonly relay: Relay
  /** all that has happened, in order */
  readonly happenings: Happening[] = []
  readonly #stage: Stage
  readonly #boots: Boot[] = []
  readonly #unwatch: () => void

  private constructor(stage: Stage, gate: string, relay: Relay) {
    super(stage.redis, stage.time, gate)
    this.relay = relay
    this.#stage = stage
    this.#unwatch = stage.recorder.watch(gate, (one) => this.happenings.push(one))
  }

  static async open(stage: Stage, gate: string): Promise<Scene> {
    return new Scene(stage, gate, await Relay.open(stage.backend.target))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cease()
    await Promise.all(this.#boots.map((one) => one.kill()))
    this.#unwatch()
    await this.relay.close()
    const { intent, epoch, roster } = this.keys
    const trial = `deploy-gate:{${this.gate}}:trial`
    await this.#stage.redis.del(intent, epoch, roster, trial, `${trial}:jobs`).catch(() => {})
  }

  // The listener

  /** Starts the program. @param until resolve when it has said that it is running */
  async boot({ until = 'running' as 'running' | 'started' } = {}): Promise<Boot> {
    const one = boot(this.#stage.command, {
      REDIS_URL: this.#stage.backend.url(this.relay.port),
      DYNO,
      DEPLOY_GATE_NAME: this.gate,
    })
    this.#boots.push(one)
    if (until === 'running') await this.row('running', { limitMs: 60_000 })
    return one
  }

  /** The last boot. */
  get listener(): Boot {
    const last = this.#boots.at(-1)
    if (!last) throw new Error('nothing was booted')
    return last
  }

  /** The last lines that the program printed. */
  get printed(): readonly string[] {
    return this.#boots.at(-1)?.lines ?? []
  }

  /** What the listener has written, in order. */
  get rows(): readonly (Row & { readonly at: number })[] {
    return this.happenings.flatMap((one) =>
      one.kind === 'row' && one.row.id !== SUCCESSOR ? [{ ...one.row, at: one.at }] : [],
    )
  }

  get calls(): readonly (Call & { readonly at: number })[] {
    return this.happenings.filter((one) => one.kind === 'call')
  }

  /** How often the trial app counted `what`. */
  count(what: 'ticks' | 'started' | 'finished' | 'stored'): number {
    return this.happenings.filter((one) => one.kind === 'count' && one.what === what).length
  }

  /** Resolves when the trial app's scheduler has done something from now on. */
  async ticks(): Promise<void> {
    const before = this.count('ticks')
    await this.until(
      'no tick of its scheduler (the program does not run the trial app of docs/conformance.md, or does not schedule)',
      () => this.count('ticks') > before,
    )
  }

  /** Has the trial app begin a job of `ms`. */
  async job(ms: number): Promise<void> {
    const before = this.count('started')
    await this.give(ms)
    await this.until('the job that waits was not begun', () => this.count('started') > before)
  }

  /** Puts a job where the trial app takes it from. */
  async give(ms: number): Promise<void> {
    await this.#stage.redis.lpush(`deploy-gate:{${this.gate}}:trial:jobs`, String(ms))
  }

  /** Resolves with the first row of that state from now on, or from `from`, an index in `rows`. */
  async row(
    state: Row['state'] | RegExp,
    { from = this.rows.length, epoch, limitMs }: { from?: number; epoch?: string; limitMs?: number } = {},
  ): Promise<Row & { readonly at: number }> {
    const fits = (row: Row) =>
      (typeof state === 'string' ? row.state === state : state.test(row.state)) &&
      (epoch === undefined || row.epoch === epoch)
    const wanted = `no row with state ${typeof state === 'string' ? state : state.source.replaceAll('|', ' or ')}`
    const answers = epoch === undefined ? '' : ' that answers the drain'
    return this.until(`${wanted}${answers}`, () => this.rows.slice(from).find(fits), limitMs)
  }

  /** Asks for a drain and waits until it is acknowledged. */
  async drain(options: Parameters<Scene['acquire']>[0] = {}) {
    const from = this.rows.length
    const owner = await this.acquire(options)
    return { owner, row: await this.row('drained', { from, epoch: owner.epoch }) }
  }

  // Waiting

  /**
   * Resolves with what `find` finds once it does.
   * @throws Misconduct that begins with `otherwise` when the time is up or the program ended
   */
  async until<T>(otherwise: string, find: () => T | undefined | false, limitMs = SOON_MS): Promise<T> {
    const { time, signal } = this.#stage
    const deadline = time.now() + limitMs
    for (;;) {
      const found = find()
      if (found !== undefined && found !== false) return found
      if (this.#boots.at(-1)?.end !== undefined)
        throw new Misconduct(`the program ${this.listener.end}: ${otherwise}${this.#last()}`)
      if (time.now() >= deadline)
        throw new Misconduct(`${otherwise} within ${limitMs / 1_000} s${this.#last()}`)
      await time.sleep(LOOK_EVERY_MS, signal)
    }
  }

  /** Resolves when the program has ended. */
  async end(limitMs = SOON_MS): Promise<void> {
    const { time, signal } = this.#stage
    const deadline = time.now() + limitMs
    while (this.listener.end === undefined) {
      if (time.now() >= deadline)
        throw new Misconduct(`the program did not end within ${limitMs / 1_000} s${this.#last()}`)
      await time.sleep(LOOK_EVERY_MS, signal)
    }
  }

  /**
   * Watches for `ms` that `find` finds nothing.
   * @throws Misconduct `what`
   */
  async never(what: string, find: () => unknown, ms: number): Promise<void> {
    const { time, signal } = this.#stage
    const deadline = time.now() + ms
    for (;;) {
      if (find()) throw new Misconduct(`${what}${this.#last()}`)
      if (this.listener.end !== undefined) throw new Misconduct(`the program ${this.listener.end}`)
      if (time.now() >= deadline) return
      await time.sleep(Math.min(LOOK_EVERY_MS, Math.max(1, deadline - time.now())), signal)
    }
  }

  /** Lets `ms` go by. The program must live on. */
  async pass(ms: number): Promise<void> {
    await this.never('', () => false, ms)
  }

  #last(): string {
    const row = this.rows.at(-1)
    return row
      ? ` (its last row: ${row.state}${row.epoch === undefined ? '' : ', of a drain'})`
      : ' (it has written no row)'
  }
}

/** By when a listener must have done what it was asked for: one that hears no doorbell may beat each 25 s. */
export const SOON_MS = 35_000
