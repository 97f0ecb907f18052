import type { Redis } from 'ioredis'
import { beat } from '../protocol/beat.ts'
import { commit } from '../protocol/commit.ts'
import { acquire, type Ending, finish, force, renew } from '../protocol/drain.ts'
import { type GateKeys, gateKeys } from '../protocol/keys.ts'
import type { Owner } from '../protocol/owner.ts'
import { PROTOCOL_VERSION } from '../protocol/row.ts'
import type { Time } from '../time.ts'

/** A listener did otherwise than the specification says. */
export class Misconduct extends Error {
  override readonly name = 'Misconduct'
}

/** What the listener under trial is told that it is. */
export const DYNO = 'clock.1'
/** The participant that plays the new release. */
export const SUCCESSOR = `${DYNO}#successor`

/** The deployer at one gate, call by call, and whatever else may befall an intent. Times are the server's ms. */
export class Deployer {
  readonly gate: string
  readonly keys: GateKeys
  readonly #redis: Redis
  readonly #time: Time
  readonly #renewals = new AbortController()
  #deploys = 0

  /** @param redis a connection that no fault touches */
  constructor(redis: Redis, time: Time, gate: string) {
    this.#redis = redis
    this.#time = time
    this.gate = gate
    this.keys = gateKeys(gate)
  }

  /** Nothing is renewed any more, and nobody else beats. */
  cease(): void {
    this.#renewals.abort()
  }

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
    const keys = silent ? { ...this.keys, doorbell: `${this.keys.doorbell}:nobody` } : this.keys
    const answer = await acquire(this.#redis, keys, {
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

  /** When the lease ends. */
  async expiry(): Promise<number> {
    return Number(await this.#redis.hget(this.keys.intent, 'expiry'))
  }

  /** ms until the server's clock says `at`; 0 when that is past. */
  async left(at: number): Promise<number> {
    const [seconds = 0, micros = 0] = (await this.#redis.time()).map(Number)
    return Math.max(0, at - seconds * 1_000 - micros / 1_000)
  }

  async force(owner: Owner): Promise<void> {
    await force(this.#redis, this.keys, owner)
  }

  /** Opens the gate; a participant that keeps it shut is misconduct. */
  async commit(owner: Owner, { marginMs = 10_000, pushLeaseMs = 60_000, anyway = false } = {}) {
    const terms = { marginMs, pushLeaseMs, anyway, asked: new Map([['clock', anyway ? 0 : 1]]) }
    const answer = await commit(this.#redis, this.keys, owner, terms)
    if (answer.kind === 'granted') return
    const why =
      answer.kind === 'lost'
        ? answer.why
        : answer.blockers.map(({ dyno, why, detail }) => `${dyno} ${why} ${detail}`.trim()).join(', ')
    throw new Misconduct(`the gate does not open though it says drained: ${why}`)
  }

  async finish(owner: Owner, ending: Ending): Promise<void> {
    await finish(this.#redis, this.keys, owner, ending)
  }

  /** Redis loses the intent. */
  async loseIntent(): Promise<void> {
    await this.#redis.del(this.keys.intent)
    await this.ring()
  }

  /** Writes fields of the intent as no script would. */
  async tamper(fields: Readonly<Record<string, string>>): Promise<void> {
    await this.#redis.hset(this.keys.intent, fields)
    await this.ring()
  }

  async ring(): Promise<void> {
    await this.#redis.publish(this.keys.doorbell, 'beat')
  }

  /** The clock of the release that came takes part, and goes on beating until the scene ends. */
  async successor(): Promise<void> {
    const [redis, time] = [this.#redis, this.#time]
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

  async #renew(owner: Owner, leaseMs: number): Promise<void> {
    const [redis, time] = [this.#redis, this.#time]
    try {
      for (;;) {
        await time.sleep(Math.min(leaseMs / 4, 5_000), this.#renewals.signal)
        await renew(redis, this.keys, owner, leaseMs)
      }
    } catch {
      // The scene is over.
    }
  }
}
