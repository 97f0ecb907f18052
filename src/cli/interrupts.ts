import type { Log } from '../log.ts'
import { DeployError } from '../outcome.ts'
import { signalCode } from '../process/command.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Where signals come from and how this process ends: `process`, but in tests. */
export interface SignalSource {
  on(name: NodeJS.Signals, listener: () => void): unknown
  off(name: NodeJS.Signals, listener: () => void): unknown
  exit(code: number): void
}

/**
 * What a person's signals do. While a program runs they go to it, and a second one kills it. Otherwise the first asks this
 * process to end in order, and the second ends it at once: leases give everybody back then.
 */
export class Interrupts implements Disposable {
  readonly #abort = new AbortController()
  readonly #log: Log
  readonly #source: SignalSource
  readonly #patient: boolean
  readonly #listeners = new Map<NodeJS.Signals, () => void>()
  #send: ((name: NodeJS.Signals) => void) | undefined
  #sent = false
  #code: number | undefined

  /**
   * @param patient a second signal ends nothing at once. A process in a dyno may get several of programs that know nothing of one
   *   another: one for its lost terminal, Heroku's, and the same once more through its shell
   */
  constructor(log: Log, source: SignalSource, patient = false) {
    this.#log = log
    this.#source = source
    this.#patient = patient
    for (const name of SIGNALS) {
      const listener = () => this.#received(name)
      this.#listeners.set(name, listener)
      source.on(name, listener)
    }
  }

  /** Aborts at the first signal that is for this process, with a DeployError (`cancelled`) as its reason. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** 128 and the number of the signal that this process got; `undefined` while it got none. */
  get code(): number | undefined {
    return this.#code
  }

  /** Does `work`, which may begin a program: from `begun(send)` on, signals go there, until the work is over. */
  async relaying<T>(work: (begun: (send: (name: NodeJS.Signals) => void) => void) => Promise<T>): Promise<T> {
    this.#sent = false
    try {
      return await work((send) => {
        this.#send = send
      })
    } finally {
      this.#send = undefined
    }
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) this.#source.off(name, listener)
  }

  #received(name: NodeJS.Signals): void {
    if (this.#send) {
      this.#log.info(
        this.#sent
          ? `${name} again: killing the command`
          : `${name}: passed on to the command; a second signal kills it`,
      )
      this.#send(this.#sent ? 'SIGKILL' : name)
      this.#sent = true
      return
    }
    if (this.#code !== undefined && this.#patient) return
    if (this.#code !== undefined) {
      this.#log.warning(`${name} again: ended at once. A drain that was asked for ends with its lease`)
      this.#source.exit(signalCode(name))
      return
    }
    this.#log.info(`${name}: ending in order${this.#patient ? '' : '; a second signal ends this at once'}`)
    this.#code = signalCode(name)
    this.#abort.abort(new DeployError('cancelled', `Interrupted by ${name}.`, ''))
  }
}

/** Does `work`, and gives the exit code of a signal when it was interrupted by one. @param patient as of `Interrupts` */
export async function interruptible(
  log: Log,
  work: (interrupts: Interrupts) => Promise<number>,
  patient = false,
): Promise<number> {
  using interrupts = new Interrupts(log, process, patient)
  try {
    return await work(interrupts)
  } catch (error) {
    if (interrupts.code === undefined || error !== interrupts.signal.reason) throw error
    return interrupts.code
  }
}
