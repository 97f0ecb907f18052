import { constants } from 'node:os'
import { formatDuration } from '../duration.ts'
import type { Log } from '../log.ts'
import type { DrainContext, Handlers, Progress } from '../participant/handlers.ts'
import type { Entry } from '../participant/join.ts'
import { describe } from '../process/process-table.ts'
import type { Time } from '../time.ts'
import { Child } from './child.ts'
import type { Ended } from './ended.ts'
import { LONGEST_LINE } from './line-reader.ts'
import type { Output } from './output.ts'
import { nameOf, type Settings } from './settings.ts'

/** How the supervisor has to end, so that whoever started it sees what it would have seen of the program. */
export type Ending = Pick<Ended, 'code' | 'signal'>

export interface Surroundings {
  readonly time: Time
  readonly log: Log
  /** where the program's standard output is passed on to with `progress: 'stdout'` */
  readonly output: Output
  /** takes part in the gate, and tells of it in `log` */
  enter(handlers: Handlers, log: Log): Entry
}

/** What ends the supervisor while there is no program that could be told of it. */
const FATAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGHUP', 'SIGQUIT']

const WAITING =
  'Waiting for its end. If that is the program itself, put exec before it, or use --signal-group.'

/**
 * Runs a program behind the gate: starts it when the boot barrier opens, has it end at a drain, and starts it again at the
 * resume. There is never more than one at a time, and one that ends by itself is not started again: that is Heroku's part.
 */
export class Supervisor {
  readonly #settings: Settings
  readonly #around: Surroundings
  readonly #name: string
  readonly #entry: Entry
  readonly #over = Promise.withResolvers<Ending>()
  /** until nothing of it is left */
  #child: Child | undefined
  /** drained or on the way there: no program may be started */
  #quiet = false
  /** set as soon as it is on its way out */
  #ending: Ending | undefined
  #forcing: AbortController | undefined
  /** tells the drain that is on how far the program is */
  #report: (() => void) | undefined
  #complained = false

  constructor(settings: Settings, around: Surroundings) {
    this.#settings = settings
    this.#around = around
    this.#name = nameOf(settings.program)
    const { log } = around
    const handlers: Handlers = {
      drain: (context) => this.#drain(context),
      resume: () => this.#resume(),
    }
    // On its way out the program's own end is all there is to tell.
    const info = (line: string) => {
      if (!this.#ending) log.info(line)
    }
    this.#entry = around.enter(handlers, { info, warning: log.warning })
  }

  /** Resolves when the program has come to its end and the gate has been told. */
  async run(): Promise<Ending> {
    void this.#entry.start().then(() => {
      // A drain may have come in the very moment in which the barrier opened.
      if (!this.#quiet && !this.#child) this.#start()
    })
    return await this.#over.promise
  }

  /** The supervisor got this signal. */
  signal(name: NodeJS.Signals): void {
    const child = this.#child
    try {
      if (!this.#ending && (name === 'SIGTERM' || (!child && FATAL.includes(name)))) this.#terminate(name)
      else child?.signal(name)
    } catch (error) {
      this.#around.log.warning(`${this.#name} could not be sent ${name}: ${(error as Error).message}`)
    }
  }

  /** For a supervisor that comes to an end that nobody has foreseen. */
  abandon(): void {
    this.#child?.signal('SIGTERM')
  }

  #start(): void {
    if (this.#ending) return
    const { time, log, output } = this.#around
    try {
      this.#child = new Child(this.#settings, {
        time,
        output,
        onProgress: () => this.#report?.(),
        onGarbage: () => this.#complain(),
      })
    } catch (error) {
      log.warning(`${this.#name} can't be started with --progress: ${(error as Error).message}`)
      this.#end({ code: 126 })
    }
    if (this.#child) void this.#watch(this.#child)
  }

  /** Sees one run of the program to its end. */
  async #watch(child: Child): Promise<void> {
    const { log } = this.#around
    const { how, ...ending } = await child.ended
    log.info(`${child.pid === undefined ? this.#settings.program[0] : this.#name} ${how}`)
    const asked = child.told
    if (this.#ending) this.#ending = ending
    else if (!asked) this.#end(ending)
    const { left } = child
    if (left.length > 0) {
      log.warning(`${this.#name} left ${describe(left)} behind. ${asked ? WAITING : 'Ending that too.'}`)
      this.#report?.()
      if (!asked) void child.sweep()
      else if (!this.#quiet || this.#ending) this.#tell(child)
    }
    await child.gone
    this.#forcing?.abort()
    this.#child = undefined
    if (!this.#quiet) this.#start()
  }

  async #drain({ signal, report }: DrainContext): Promise<Progress | undefined> {
    this.#quiet = true
    const child = this.#child
    if (!child) return undefined
    child.beginDrain()
    this.#report = () => report(this.#progress(child))
    this.#report()
    // What it has left behind may be its last job, and is waited for.
    if (!child.over) this.#tell(child)
    signal.addEventListener('abort', () => void this.#force(child), { once: true })
    await child.gone
    return this.#progress(child)
  }

  #resume(): void {
    this.#quiet = false
    this.#report = undefined
    this.#forcing?.abort()
    const child = this.#child
    if (!child) this.#start()
    // Otherwise the drain failed before that, and the program just goes on.
    else if (child.told) {
      this.#around.log.info(`${this.#name} was asked to end: it is started again when it has`)
      this.#tell(child)
    }
  }

  /** Time is up for this run of the program. */
  async #force(child: Child): Promise<void> {
    const { time, log } = this.#around
    const { forceSignal, killAfterMs } = this.#settings
    this.#forcing?.abort()
    this.#forcing = new AbortController()
    const { signal } = this.#forcing
    try {
      await time.sleep(child.deafForMs, signal)
      log.warning(`time is up: sending ${forceSignal} to ${this.#name}`)
      child.signal(forceSignal)
      await time.sleep(killAfterMs, signal)
      // Heroku's own SIGKILL is on its way then, and every job should have what is left until it comes.
      if (this.#ending) return
      log.warning(`${this.#name} did not end within ${formatDuration(killAfterMs)}: killing it`)
      child.kill()
    } catch (error) {
      if (!signal.aborted) log.warning(`${this.#name} could not be forced: ${(error as Error).message}`)
    }
  }

  /** SIGTERM, or a signal that ends a supervisor without a program: nothing is started any more. */
  #terminate(name: NodeJS.Signals): void {
    this.#end({ code: 128 + constants.signals[name], signal: name })
    // At once, not when the gate gets round to it: Heroku has sent the program the same signal, and two in one moment are one.
    if (this.#child) this.#tell(this.#child)
  }

  /** Asks the program to end, if it was not asked before; where it has ended, what it has left behind. */
  #tell(child: Child): void {
    const { drainSignal } = this.#settings
    if (child.over) child.signal(drainSignal)
    else if (child.tell())
      this.#around.log.info(`asked ${this.#name} to end (${drainSignal}, pid ${child.pid})`)
  }

  #end(ending: Ending): void {
    this.#ending = ending
    void this.#leave()
  }

  async #leave(): Promise<void> {
    await this.#entry.participation.leave()
    // A drain that failed does not wait for the program.
    await this.#child?.gone
    this.#over.resolve(this.#ending ?? { code: 0 })
  }

  #progress(child: Child): Progress {
    const { note: said, ...counts } = child.progress
    const note = [child.outcome && `${this.#name} ${child.outcome}`, said].filter(Boolean).join('; ')
    return { ...counts, ...(note !== '' && { note }) }
  }

  #complain(): void {
    if (this.#complained) return
    this.#complained = true
    this.#around.log.warning(
      `${this.#name} wrote a line of progress that is none: expected JSON such as {"running":1,"finished":0,"stored":0,"note":"export"}, at most ${LONGEST_LINE} bytes. It is ignored, and so are others like it`,
    )
  }
}
