import type { Redis } from 'ioredis'
import { beat } from '../protocol/beat.ts'
import { commit } from '../protocol/commit.ts'
import { acquire, type Ending, finish, force, renew } from '../protocol/drain.ts'
import { type GateKeys, gateKeys } from '../protocol/keys.ts'
import type { Owner } from '../protocol/owner.ts'
import { PROTOCOL_VERSION, type Row } from '../protocol/row.ts'
import type { Time } from '../time.ts'
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

/** A listener did otherwise than the specification says. */
export class Misconduct extends Error {
  override readonly name = 'Misconduct'
}

const LOOK_EVERY_MS = 100
export const DYNO = 'clock.1'
const SUCCESSOR = `${DYNO}#successor`

/** One gate, one listener behind it, and the deployer that plays with it. Times are the server's ms. */
export class Scene {
  readonly gate: string
  readonly keys: GateKeys
  readonly relay: Relay
  /** all that has happened, in order */
  readonly happenings: Happening[] = []
  readonly #stage: Stage
  readonly #boots: Boot[] = []
  readonly #unwatch: () => void
  readonly #renewals = new AbortController()
  #deploys = 0

  private constructor(stage: Stage, gate: string, relay: Relay) {
    this.gate = gate
    this.keys = gateKeys(gate)
    this.relay = relay
    this.#stage = stage
    this.#unwatch = stage.recorder.watch(gate, (one) => this.happenings.push(one))
  }

  static async open(stage: Stage, gate: string): Promise<Scene> {
    return new Scene(stage, gate, await Relay.open(stage.backend.target))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#renewals.abort()
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

  // The deployer

  /** Asks for a drain. @param silent without ringing; @param keep renew it until the scene ends */
  async acquire({
    leaseMs = 90_000,
    types = ['clock'],
    silent = false,
    keep = false,
  }: {
    leaseMs?: number
    types?: readonly string[]
    silent?: boolean
    keep?: boolean
  } = {}): Promise<Owner> {
    const id = `conformance-${++this.#deploys}`
    const { redis } = this.#stage
    const keys = silent ? { ...this.keys, doorbell: `${this.keys.doorbell}:nobody` } : this.keys
    const answer = await acquire(redis, keys, {
      id,
      leaseMs,
      notAfter: Number.MAX_SAFE_INTEGER,
      asker: '{"name":"conformance"}',
      replaces: '',
      asked: new Map(types.map((type) => [type, 0])),
    })
    if (answer.kind !== 'granted') throw new Error(`the drain was not granted: ${answer.kind}`)
    const owner = { id, epoch: answer.epoch }
    if (keep) void this.#renew(owner, leaseMs)
    return owner
  }

  /** Asks for a drain and waits until it is acknowledged. */
  async drain(options: Parameters<Scene['acquire']>[0] = {}) {
    const from = this.rows.length
    const owner = await this.acquire(options)
    return { owner, row: await this.row('drained', { from, epoch: owner.epoch }) }
  }

  /** When the lease ends. */
  async expiry(): Promise<number> {
    return Number(await this.#stage.redis.hget(this.keys.intent, 'expiry'))
  }

  /** ms until the server's clock says `at`; 0 when that is past. */
  async left(at: number): Promise<number> {
    const [seconds = 0, micros = 0] = (await this.#stage.redis.time()).map(Number)
    return Math.max(0, at - seconds * 1_000 - micros / 1_000)
  }

  async force(owner: Owner): Promise<void> {
    await force(this.#stage.redis, this.keys, owner)
  }

  /** Opens the gate; a participant that keeps it shut is misconduct. */
  async commit(owner: Owner, { marginMs = 10_000, pushLeaseMs = 60_000, anyway = false } = {}) {
    const terms = { marginMs, pushLeaseMs, anyway, asked: new Map([['clock', anyway ? 0 : 1]]) }
    const answer = await commit(this.#stage.redis, this.keys, owner, terms)
    if (answer.kind === 'granted') return
    const why =
      answer.kind === 'lost'
        ? answer.why
        : answer.blockers.map(({ dyno, why, detail }) => `${dyno} ${why} ${detail}`.trim()).join(', ')
    throw new Misconduct(`the gate does not open though it says drained: ${why}`)
  }

  async finish(owner: Owner, ending: Ending): Promise<void> {
    await finish(this.#stage.redis, this.keys, owner, ending)
  }

  /** Redis loses the intent. */
  async loseIntent(): Promise<void> {
    await this.#stage.redis.del(this.keys.intent)
    await this.ring()
  }

  /** Writes fields of the intent as no script would. */
  async tamper(fields: Readonly<Record<string, string>>): Promise<void> {
    await this.#stage.redis.hset(this.keys.intent, fields)
    await this.ring()
  }

  async ring(): Promise<void> {
    await this.#stage.redis.publish(this.keys.doorbell, 'beat')
  }

  /** The clock of the release that came takes part, and goes on beating until the scene ends. */
  async successor(): Promise<void> {
    const { redis, time } = this.#stage
    const row = {
      v: PROTOCOL_VERSION,
      type: 'clock',
      dyno: DYNO,
      state: 'running',
      running: 0,
      finished: 0,
      stored: 0,
    } as const
    const { signal } = this.#renewals
    const say = (first: boolean) => beat(redis, this.keys, SUCCESSOR, row, 20_000, first)
    await say(true)
    void (async () => {
      for (;;) {
        await time.sleep(5_000, signal)
        await say(false)
      }
    })().catch(() => {})
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

  async #renew(owner: Owner, leaseMs: number): Promise<void> {
    const { redis, time } = this.#stage
    try {
      for (;;) {
        await time.sleep(Math.min(leaseMs / 4, 5_000), this.#renewals.signal)
        await renew(redis, this.keys, owner, leaseMs)
      }
    } catch {
      // The scene is over.
    }
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
