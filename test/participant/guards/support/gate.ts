import { afterAll, beforeAll, type ExpectStatic } from 'vitest'
import type { Guard, GuardOptions } from '../../../../src/index.ts'
import type { Owner } from '../../../../src/protocol/owner.ts'
import type { Row } from '../../../../src/protocol/row.ts'
import { type RedisServer, startRedis } from '../../../support/redis/redis-server.ts'
import { Deployer } from '../../support/deployer.ts'
import { LIMIT, Lines } from '../../support/lines.ts'

/** A gate of a test's own, and the deployer's side of it. */
export class Gate {
  readonly deployer: Deployer
  readonly log = new Lines()
  /** for the guard */
  readonly options: GuardOptions
  readonly #expect: ExpectStatic
  #owner: Owner | undefined

  constructor(redisUrl: string, gateName: string, expect: ExpectStatic) {
    this.options = { redisUrl, gateName, dyno: 'clock.1', handleSigterm: false, log: this.log }
    this.deployer = new Deployer(redisUrl, gateName)
    this.#expect = expect
  }

  /** Asks for a drain. */
  async ask(): Promise<void> {
    this.#owner = await this.deployer.acquire()
  }

  /** Resolves when the guard says that it waits for its jobs. */
  async draining(like: Partial<Row> = {}): Promise<void> {
    await this.#sees({ state: 'draining', ...like })
  }

  /** Resolves when the guard says that it has drained. */
  async drained(like: Partial<Row> = {}): Promise<void> {
    await this.#sees({ state: 'drained', running: 0, ...like })
  }

  async force(): Promise<void> {
    await this.deployer.force(this.#owner as Owner)
  }

  async withdraw(): Promise<void> {
    await this.deployer.finish(this.#owner as Owner, 'aborted')
    this.#owner = undefined
  }

  /** Withdraws the drain, and resolves when the guard works again. */
  async resumed(guard: Guard): Promise<void> {
    await this.withdraw()
    await this.#expect.poll(() => guard.state, LIMIT).toBe('running')
  }

  /** Ends the guard, whatever holds it, and the deployer. */
  async close(guard: Guard | undefined): Promise<void> {
    if (this.#owner) await this.withdraw()
    await guard?.leave()
    this.deployer.redis.disconnect()
  }

  async #sees(like: Partial<Row>): Promise<void> {
    const { epoch } = this.#owner as Owner
    await this.#expect.poll(() => this.deployer.row(), LIMIT).toMatchObject({ epoch, ...like })
  }
}

/** For a file of tests: starts a Redis before them and stops it after them, and opens gates there. */
export function useGates() {
  let redis: RedisServer
  let count = 0
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  return {
    get port() {
      return redis.port
    },
    open: (expect: ExpectStatic) => new Gate(redis.url, `guard-${++count}`, expect),
  }
}
