import { type Entry, enter } from '../src/participant/join.ts'
import { NUMBERS } from '../src/participant/numbers.ts'
import { backoff } from '../src/redis/client.ts'
import { App, type Temper, type Work } from './app.ts'
import type { Ledger } from './ledger.ts'
import { Party } from './party.ts'

/** Where a process boots. */
export interface Surroundings {
  readonly port: number
  readonly gateName: string
  readonly time: Party['time']
  readonly speed: number
  readonly ledger: Ledger
  /** what the next process that boots will do by the clock */
  work(): Work
}

/** What boots. */
export interface What {
  readonly dyno: string
  readonly release: number
  readonly temper: Temper
}

/** One boot of a dyno: the app, and the shipped listener in it. */
export class Boot {
  readonly dyno: string
  readonly release: number
  readonly app: App
  readonly party: Party
  readonly temper: Temper
  readonly #entry: Entry
  readonly #ledger: Ledger
  /** whether it got SIGTERM */
  terminated = false

  private constructor({ dyno, release, temper }: What, around: Surroundings, party: Party) {
    const { ledger, speed } = around
    this.dyno = dyno
    this.release = release
    this.temper = temper
    this.party = party
    this.#ledger = ledger
    this.app = new App(party.name, party.time, around.work(), ledger, temper)
    const options = {
      redisUrl: party.proxy.url('redis://127.0.0.1'),
      dyno,
      gateName: around.gateName,
      log: ledger.logOf(party.name),
      handleSigterm: false,
    }
    this.#entry = enter(this.app, options, {
      env: { HEROKU_APP_NAME: 'shop', HEROKU_RELEASE_VERSION: `v${release}` },
      time: party.time,
      numbers: NUMBERS,
      terms: {
        commandTimeoutMs: 5_000 / speed,
        silentLinkMs: 4_000 / speed,
        resend: false,
        // A process that is gone connects no more.
        retryDelay: (attempt) => (party.gone ? null : backoff(attempt, 10_000) / speed),
      },
    })
  }

  static async of(what: What, around: Surroundings): Promise<Boot> {
    const party = await Party.start(`${what.dyno}@v${what.release}`, around.port, around.time)
    return new Boot(what, around, party)
  }

  get id(): string {
    return this.#entry.participation.id
  }

  get state(): string {
    return this.#entry.participation.state
  }

  /** Whether it can do something: start a job, or push one out of the way. */
  get alive(): boolean {
    return !this.party.gone
  }

  async start(): Promise<void> {
    this.#ledger.write(this.party.name, 'boots')
    await this.#entry.start()
    await this.party.enter()
    if (!this.terminated) await this.app.start().catch(() => {})
  }

  /** SIGTERM, and SIGKILL 30 s later. */
  async terminate(time: Party['time']): Promise<void> {
    if (this.terminated || !this.alive) return
    this.terminated = true
    this.#ledger.write(this.party.name, 'gets SIGTERM')
    const killed = new AbortController()
    void time.sleep(30_000, killed.signal).then(
      () => this.kill('SIGKILL'),
      () => {},
    )
    await this.party.enter()
    await this.#entry.participation.leave()
    killed.abort()
    this.kill('its end')
  }

  /** The process ends now. */
  kill(by: string, silently = false): void {
    if (!this.alive) return
    this.app.end()
    this.#ledger.write(this.party.name, `is ended by ${by}, ${this.app.lost} jobs lost`)
    this.party.die(silently)
  }
}
