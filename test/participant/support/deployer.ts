import { Redis } from 'ioredis'
import { expect } from 'vitest'
import { commit } from '../../../src/protocol/commit.ts'
import { acquire, type Ending, finish, force } from '../../../src/protocol/drain.ts'
import { gateKeys } from '../../../src/protocol/keys.ts'
import { look } from '../../../src/protocol/look.ts'
import type { Owner } from '../../../src/protocol/owner.ts'
import type { Row } from '../../../src/protocol/row.ts'
import { LIMIT } from './lines.ts'

/** The other side of the protocol, call by call, on a connection of its own. */
export class Deployer {
  readonly redis: Redis
  readonly keys
  #count = 0

  constructor(url: string, gateName = 'default') {
    this.redis = new Redis(url, { connectionName: 'deployer' })
    this.redis.on('error', () => {})
    this.keys = gateKeys(gateName)
  }

  /** Puts a drain in force; the lease is never renewed. */
  async acquire({ types = ['clock'], leaseMs = 60_000, replaces = '' } = {}): Promise<Owner> {
    const id = `deploy-${++this.#count}`
    const answer = await acquire(this.redis, this.keys, {
      id,
      leaseMs,
      notAfter: Number.MAX_SAFE_INTEGER,
      asker: '{"name":"test"}',
      replaces,
      asked: new Map(types.map((type) => [type, 1])),
    })
    if (answer.kind !== 'granted') throw new Error(`not granted: ${JSON.stringify(answer)}`)
    return { id, epoch: answer.epoch }
  }

  async force(owner: Owner): Promise<void> {
    expect(await force(this.redis, this.keys, owner)).toEqual({ kind: 'forced' })
  }

  async commit(owner: Owner): Promise<void> {
    const terms = { marginMs: 30_000, pushLeaseMs: 180_000, asked: new Map([['clock', 1]]) }
    expect(await commit(this.redis, this.keys, owner, terms)).toMatchObject({ kind: 'granted' })
  }

  async finish(owner: Owner, ending: Ending): Promise<void> {
    expect(await finish(this.redis, this.keys, owner, ending)).toBe('finished')
  }

  async rows(): Promise<readonly Row[]> {
    return (await look(this.redis, this.keys)).rows
  }

  /** The row of the last boot of `dyno`. */
  async row(dyno = 'clock.1'): Promise<Row | undefined> {
    return (await this.rows()).filter((row) => row.dyno === dyno).sort((a, b) => b.joined - a.joined)[0]
  }

  /** Resolves with the row of `dyno` once it is like that. */
  async sees(like: Partial<Row>, dyno = 'clock.1'): Promise<Row> {
    await expect.poll(() => this.row(dyno), LIMIT).toMatchObject(like)
    return (await this.row(dyno)) as Row
  }

  /** Resolves when the participant has beaten once more: in a later millisecond, for `seen` tells no shorter ones apart. */
  async beaten(dyno = 'clock.1'): Promise<Row> {
    const before = (await this.row(dyno))?.seen ?? 0
    const seen = async () => {
      await this.redis.publish(this.keys.doorbell, 'beat')
      return (await this.row(dyno))?.seen
    }
    await expect.poll(seen, LIMIT).toBeGreaterThan(before)
    return (await this.row(dyno)) as Row
  }
}
