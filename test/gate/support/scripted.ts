import type { Redis } from 'ioredis'
import { type BeatReply, beat } from '../../../src/protocol/beat.ts'
import type { GateKeys } from '../../../src/protocol/keys.ts'
import type { OwnRow } from '../../../src/protocol/row.ts'

/** A participant that beats when the test says so, and says what the test makes it say. */
export class ScriptedParticipant {
  readonly id: string
  readonly #redis: Redis
  readonly #keys: GateKeys
  readonly #row: Pick<OwnRow, 'v' | 'type' | 'dyno'>
  #first = true

  constructor(redis: Redis, keys: GateKeys, dyno: string, type: string, boot = 'a') {
    this.id = `${dyno}#${boot}`
    this.#redis = redis
    this.#keys = keys
    this.#row = { v: '1', type, dyno }
  }

  async beat(over: Partial<OwnRow> = {}): Promise<BeatReply> {
    const idle = { state: 'running', running: 0, finished: 0, stored: 0 } as const
    const reply = await beat(
      this.#redis,
      this.#keys,
      this.id,
      { ...this.#row, ...idle, ...over },
      3_000,
      this.#first,
    )
    this.#first = false
    return reply
  }

  /** Beats, then answers what that beat was told. */
  async answer(state: OwnRow['state'], over: Partial<OwnRow> = {}): Promise<BeatReply> {
    const { epoch, expiry } = await this.beat()
    return this.beat({ state, epoch, hold: expiry, ...over })
  }

  /** Makes its row one that was last heard of a minute ago. */
  async fallSilent(): Promise<void> {
    const row = JSON.parse((await this.#redis.hget(this.#keys.roster, this.id)) ?? '{}')
    const older = { seen: row.seen - 60_000, until: row.seen - 50_000, joined: row.joined - 60_000 }
    await this.#redis.hset(this.#keys.roster, this.id, JSON.stringify({ ...row, ...older }))
    await this.#redis.publish(this.#keys.reports, 'look')
  }
}
