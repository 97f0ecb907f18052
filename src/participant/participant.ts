import { setImmediate as nextTurn } from 'node:timers/promises'
import { Alarm } from '../alarm.ts'
import type { Log } from '../log.ts'
import { beat } from '../protocol/beat.ts'
import type { GateKeys } from '../protocol/keys.ts'
import { type OwnRow, PROTOCOL_VERSION } from '../protocol/row.ts'
import type { ScriptHost } from '../protocol/script.ts'
import type { Time } from '../time.ts'
import { Drain } from './drain.ts'
import type { Handlers } from './handlers.ts'
import type { Numbers } from './numbers.ts'
import type { Identity } from './options.ts'
import { Pace } from './pace.ts'
import { type Effect, Reconciler } from './reconciler.ts'

/** What a participant works with. */
export interface Surroundings {
  readonly host: ScriptHost
  /** whether a ring can't be heard now */
  deaf(): boolean
  readonly keys: GateKeys
  readonly time: Time
  readonly log: Log
  readonly numbers: Numbers
}

/** The part of an identity that goes into rows. */
export type Who = Pick<Identity, 'id' | 'dyno' | 'type' | 'app' | 'release'>

/** Beats, and does what the beats' answers ask for. */
export class Participant {
  readonly #identity: Who
  readonly #handlers: Handlers
  readonly #around: Surroundings
  readonly #machine: Reconciler
  readonly #alarm: Alarm
  readonly #free = Promise.withResolvers<void>()
  readonly #left = Promise.withResolvers<void>()
  #drain: Drain | undefined
  #resuming: Promise<void> = Promise.resolve()
  #answered = false
  #leaving = false
  /** by when the last beat said that the next one comes, ms after it */
  #promisedMs = 0
  /** a version that was complained about: once is enough */
  #foreign = PROTOCOL_VERSION

  constructor(identity: Who, handlers: Handlers, around: Surroundings) {
    this.#identity = identity
    this.#handlers = handlers
    this.#around = around
    this.#machine = new Reconciler(around.numbers)
    this.#alarm = new Alarm(around.time)
  }

  get id(): string {
    return this.#identity.id
  }

  /** What its row says now. */
  get state() {
    return this.#machine.state
  }

  /** Beat now: the doorbell rang. */
  ring(): void {
    this.#alarm.ring()
  }

  /**
   * Starts beating. Resolves when the app may start scheduling: at once as a rule, at the end of the hold if the process
   * boots into a drain, and after `bootBarrierMs` if the server can't be reached. Never, if the process leaves before that.
   */
  async start(): Promise<void> {
    void this.#live()
    const { time, numbers, log } = this.#around
    const barrier = new AbortController()
    void time.sleep(numbers.bootBarrierMs, barrier.signal).then(
      () => {
        if (this.#machine.state !== 'booting') return
        log.warning('Redis did not answer at boot; starting without the gate, and joining as soon as it does')
        this.#machine.startAnyway()
        this.#free.resolve()
      },
      () => {},
    )
    await this.#free.promise
    barrier.abort()
  }

  /** Drains for the end of the process, then writes the last row. Resolves when the app may exit; never goes back to scheduling. */
  async leave(): Promise<void> {
    if (!this.#leaving) {
      this.#leaving = true
      this.#perform(this.#machine.leave())
      const { time, numbers } = this.#around
      const force = new AbortController()
      void time.sleep(numbers.forceAfterSigtermMs, force.signal).then(
        () => this.#drain?.force(),
        () => {},
      )
      void this.#left.promise.then(() => force.abort())
      this.#alarm.ring()
    }
    await this.#left.promise
  }

  async #live(): Promise<void> {
    const { time } = this.#around
    for (;;) {
      const over = this.#leaving && this.#machine.state === 'drained'
      if (over) break
      await this.#beat()
      this.#perform(this.#machine.expire(time.now()))
      // A handler that had nothing to wait for is done by now: its acknowledgement needs no beat of its own before.
      await nextTurn()
      // An answer may ask for a longer interval than its beat has promised: it begins with the next one.
      const everyMs = Math.min(this.#everyMs(), this.#promisedMs)
      await this.#alarm.wait(Math.min(everyMs, this.#machine.expiresAt - time.now()))
    }
    this.#machine.exit()
    const farewell = new AbortController()
    await Promise.race([
      this.#beat(),
      time.sleep(this.#around.numbers.farewellMs, farewell.signal).catch(() => {}),
    ])
    farewell.abort()
    this.#left.resolve()
  }

  async #beat(): Promise<void> {
    const { host, keys, time } = this.#around
    let reply: Awaited<ReturnType<typeof beat>>
    this.#promisedMs = this.#everyMs()
    try {
      reply = await beat(host, keys, this.id, this.#row(), this.#promisedMs, !this.#answered)
    } catch (error) {
      // The link tells its own troubles and mends itself; a server that answers with an error is worth a line.
      if (error instanceof Error && error.name === 'ReplyError')
        this.#around.log.warning(`the gate refused a beat: ${error.message}`)
      return
    }
    this.#answered = true
    this.#compare(reply.version)
    const before = this.#machine.standing
    this.#perform(this.#machine.answered(reply, time.now()))
    // A deployer waits to read what changed, and the next beat may be far.
    const { state, epoch } = this.#machine.standing
    if (before.state === 'booting' && state === 'drained')
      this.#around.log.info('a deploy is under way: not scheduling until it ends')
    if (state !== before.state || epoch !== before.epoch) this.#alarm.ring()
    // A process that ends while it is held since its boot must not start scheduling on its way out.
    if (!this.#machine.quiet && !this.#leaving) this.#free.resolve()
  }

  #compare(version: string): void {
    if (version !== this.#foreign && version !== PROTOCOL_VERSION) {
      this.#around.log.warning(
        `a deploy asks in version ${version} of the drain protocol, and this process speaks version ${PROTOCOL_VERSION}: it can't be drained and goes on. Update the older one, deploy-gate in the app or in the workflow`,
      )
    }
    this.#foreign = version
  }

  #everyMs(): number {
    return this.#machine.beatEveryMs(this.#around.deaf())
  }

  #row(): OwnRow {
    const { dyno, type, app, release } = this.#identity
    const idle = { running: 0, finished: 0, stored: 0 }
    return {
      v: PROTOCOL_VERSION,
      type,
      dyno,
      ...(app !== undefined && { app }),
      ...(release !== undefined && { release }),
      ...this.#machine.standing,
      ...(this.#machine.state === 'running' ? idle : (this.#drain?.progress ?? idle)),
    }
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'drain') void this.#runDrain()
      else if (effect.kind === 'force') this.#drain?.force()
      else
        this.#resume(
          `resuming: the drain ${effect.why === 'aborted' ? 'was withdrawn' : `ended (${effect.why})`}`,
        )
    }
  }

  async #runDrain(): Promise<void> {
    const { log, time, numbers } = this.#around
    const drain = new Drain(new Pace(time, numbers.progressBeatMs, () => this.#alarm.ring()))
    this.#drain = drain
    log.info(this.#leaving ? 'leaving: starting nothing new' : 'a deploy asks to drain: starting nothing new')
    await this.#resuming
    // Withdrawn meanwhile: a handler that is called now would stop the app with nothing to start it again.
    if (this.#drain !== drain) return
    const end = await drain.run(this.#handlers)
    if (this.#drain !== drain) return
    if (end.kind === 'drained' || this.#leaving) {
      if (end.kind === 'failed') log.warning(`the drain handler failed: ${end.note}`)
      this.#machine.drained()
      log.info(`drained: ${drain.progress.finished} finished, ${drain.progress.stored} stored`)
    } else {
      log.warning(`the drain handler failed, so this deploy is refused: ${end.note}`)
      this.#machine.failed()
      this.#callResume()
    }
    this.#alarm.ring()
  }

  #resume(line: string): void {
    this.#around.log.info(line)
    const held = this.#drain
    held?.withdraw()
    this.#drain = undefined
    // Held since its boot, the app has not started its scheduler yet, so leaving the barrier is all there is to resume. And a drain
    // that was withdrawn before its handler was called has stopped nothing.
    if (held?.begun) this.#callResume()
    this.#free.resolve()
    this.#alarm.ring()
  }

  #callResume(): void {
    this.#resuming = (async () => {
      try {
        await this.#handlers.resume()
      } catch (error) {
        this.#around.log.warning(
          `the resume handler failed, so this process may not be scheduling: ${String(error)}`,
        )
      }
    })()
  }
}
