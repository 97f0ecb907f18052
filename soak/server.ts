import { Redis } from 'ioredis'
import { type GateKeys, gateKeys } from '../src/protocol/keys.ts'
import type { Time } from '../src/time.ts'
import { type RedisServer, startRedis } from '../test/support/redis/redis-server.ts'
import { type FastClock, startFastClock } from './fast-clock.ts'
import { type Monitor, monitor, type OnCommand } from './monitor.ts'

/** The Redis of a history: a real server whose clock runs fast, with a replica that can take over. */
export class Server implements AsyncDisposable {
  readonly gateName: string
  readonly keys: GateKeys
  readonly #clock: FastClock
  readonly #onCommand: OnCommand
  readonly #servers: RedisServer[]
  /** the wall clock less the history's time, ms */
  readonly #ahead: number
  #active = 0
  #replicaTaken = false
  #direct: Redis
  #monitor: Monitor | undefined

  private constructor(
    gateName: string,
    clock: FastClock,
    servers: RedisServer[],
    onCommand: OnCommand,
    ahead: number,
  ) {
    this.gateName = gateName
    this.keys = gateKeys(gateName)
    this.#clock = clock
    this.#servers = servers
    this.#onCommand = onCommand
    this.#ahead = ahead
    this.#direct = direct(this.port)
  }

  static async start(
    gateName: string,
    time: Time,
    speed: number,
    withReplica: boolean,
    onCommand: OnCommand,
  ): Promise<Server> {
    const clock = startFastClock(speed)
    const ahead = Date.now() - time.now()
    const options = { environment: clock.environment }
    const servers = [await startRedis(options)]
    if (withReplica) {
      const to = `replicaof 127.0.0.1 ${servers[0]?.port}`
      servers.push(await startRedis({ ...options, config: [to, 'repl-diskless-sync-delay 0'] }))
    }
    const server = new Server(gateName, clock, servers, onCommand, ahead)
    await server.#watch()
    return server
  }

  get port(): number {
    return this.#current.port
  }

  /** A connection without faults, for whoever looks on. */
  get redis(): Redis {
    return this.#direct
  }

  /** Whether there is a replica that can take over; it can once. */
  takeReplica(): boolean {
    const free = this.#servers.length > 1 && !this.#replicaTaken
    this.#replicaTaken = true
    return free
  }

  /** By how much its clock was set in all, forward and back, ms. */
  setMs = 0
  /** whether it was ever set back */
  wasSetBack = false

  /** The history's time at which the server's clock shows `ms`. */
  timeOf(ms: number): number {
    return ms - this.#ahead - this.#clock.stepped
  }

  step(ms: number): void {
    this.setMs += Math.abs(ms)
    this.wasSetBack ||= ms < 0
    this.#clock.step(ms)
  }

  stop(): void {
    this.#current.pause()
  }

  goOn(): void {
    this.#current.resume()
  }

  /** Whoever connects must be kept away meanwhile: nothing may happen before it is watched again. */
  async restart(keepData: boolean): Promise<void> {
    await this.#current.restart({ keepData })
    await this.#watch()
    // Its file of configuration says what it was before it took over.
    if (this.#active === 1) await this.#direct.call('REPLICAOF', 'NO', 'ONE')
  }

  /** From now on the replica gets no more writes, and they are lost should it take over. */
  async fallBehind(): Promise<void> {
    const replica = direct(this.#servers[1]?.port ?? 0)
    await replica.call('REPLICAOF', 'NO', 'ONE')
    replica.disconnect()
  }

  /** The replica takes over, and the old primary is gone. As with `restart`, nobody may connect meanwhile. */
  async failOver(): Promise<void> {
    const old = this.#current
    this.#active = 1
    await old.kill()
    this.#direct.disconnect()
    this.#direct = direct(this.port)
    await this.#watch()
    await this.#direct.call('REPLICAOF', 'NO', 'ONE')
  }

  /** The server that was watched before is gone. */
  async #watch(): Promise<void> {
    await this.#monitor?.ended
    this.#monitor = await monitor(this.port, this.#onCommand)
  }

  get #current(): RedisServer {
    const current = this.#servers[this.#active]
    if (!current) throw new RangeError(`there is no server ${this.#active}`)
    return current
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#monitor?.[Symbol.dispose]()
    this.#direct.disconnect()
    await Promise.all(this.#servers.map((server) => server.kill().then(() => server.stop())))
    this.#clock[Symbol.dispose]()
  }
}

function direct(port: number): Redis {
  const redis = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20, maxRetriesPerRequest: null })
  redis.on('error', () => {})
  return redis
}
