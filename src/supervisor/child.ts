import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import type { Progress } from '../participant/handlers.ts'
import {
  descendantsOf,
  describe,
  membersOf,
  type Process,
  processTable,
  signalOne,
} from '../process/process-table.ts'
import { signalGroup } from '../process/signal-group.ts'
import type { Time } from '../time.ts'
import { Account, STDOUT_PREFIX } from './account.ts'
import { by, byItself, type Ended, notStarted } from './ended.ts'
import { NUMBERS } from './numbers.ts'
import type { Output } from './output.ts'
import { Pipe } from './pipe.ts'
import type { Settings } from './settings.ts'

export interface ChildSurroundings {
  readonly time: Time
  /** where its standard output is passed on to, if it is read here */
  readonly output: Output
  /** it said how far it is */
  onProgress(): void
  /** it meant to, and can't be understood */
  onGarbage(): void
}

/**
 * One run of the program, in a process group of its own: what it leaves behind can be found and ended. Its input and output
 * are the supervisor's own, except for the descriptor that tells of progress.
 */
export class Child {
  /** the program has ended, or could not be started */
  readonly ended: Promise<Ended>
  /** nothing of its process group is left either, and all that it wrote has been read */
  readonly gone: Promise<Ended>
  readonly #settings: Settings
  readonly #time: Time
  readonly #account: Account
  readonly #pid: number | undefined
  readonly #pipe: Pipe | undefined
  /** killed with it, though in other groups */
  #others: readonly number[] = []
  #ended: Ended | undefined
  /** what SIGKILL was meant for */
  #killed: 'program' | 'leftovers' | undefined
  #toldAt: number | undefined

  /** @throws the system's error when the descriptor for progress can't be made */
  constructor(settings: Settings, around: ChildSurroundings) {
    this.#settings = settings
    this.#time = around.time
    const account = new Account(settings.progress === 'stdout' ? STDOUT_PREFIX : '', around.onGarbage)
    this.#account = account
    if (settings.progress) {
      this.#pipe = new Pipe(async (chunk) => {
        account.write(chunk)
        around.onProgress()
        if (settings.progress === 'stdout') await around.output.write(chunk)
      }, around.time)
    }
    const started = start(settings, this.#pipe?.writeEnd)
    this.#pipe?.handedOver()
    this.#pid = started.pid
    this.ended = started.ended.then((ended) => {
      this.#ended = ended
      return ended
    })
    this.gone = this.#disappear()
  }

  get pid(): number | undefined {
    return this.#pid
  }

  /** The program itself has ended; some of its group may be there. */
  get over(): boolean {
    return this.#ended !== undefined || this.#pid === undefined
  }

  /** what became of it and its group, to go on after its name; absent while it runs */
  get outcome(): string | undefined {
    if (!this.#ended) return undefined
    if (this.#killed === 'program') return 'was killed, since it did not end: its jobs may be lost'
    if (this.#killed) return `${this.#ended.how}; what it left behind was killed: its jobs may be lost`
    const { running = 0 } = this.#account.progress
    const lost = running > 0 ? ` with ${running} running: they may be lost` : ''
    const { left } = this
    return `${this.#ended.how}${lost}${left.length > 0 ? `, and left ${describe(left)} behind` : ''}`
  }

  /** It was asked to end. */
  get told(): boolean {
    return this.#toldAt !== undefined
  }

  /** since the drain began; `running` is 1, the program itself, as long as it has not said otherwise */
  get progress(): Progress {
    return { running: 1, ...this.#account.progress }
  }

  beginDrain(): void {
    this.#account.beginDrain()
  }

  /**
   * Asks it to end: once, for many programs take a second signal as an order to drop everything.
   * @returns whether it was asked by this call
   * @throws the system's error when it may not be signalled
   */
  tell(): boolean {
    if (this.over || this.told) return false
    this.signal(this.#settings.drainSignal)
    this.#toldAt = this.#time.now()
    return true
  }

  /** ms until it can be told more: a second signal that comes too soon is taken for the first, or lost in it */
  get deafForMs(): number {
    return Math.max(0, (this.#toldAt ?? Number.NEGATIVE_INFINITY) + NUMBERS.forceGapMs - this.#time.now())
  }

  /**
   * To the program alone, unless `signalGroup` says otherwise; to what is left of its group when it has ended itself.
   * @throws the system's error when it may not be signalled
   */
  signal(name: NodeJS.Signals): void {
    if (this.#pid === undefined) return
    if (this.over || this.#settings.signalGroup) signalGroup(this.#pid, name)
    else signalOne(this.#pid, name)
  }

  /** SIGKILL to it, to its group, and to what it has started in other groups: nobody would wait for those any more. */
  kill(): void {
    if (this.#pid === undefined) return
    this.#killed = this.over ? 'leftovers' : 'program'
    const others = this.over ? [] : descendantsOf(this.#pid).filter(({ group }) => group !== this.#pid)
    this.#others = others.map(({ pid }) => pid)
    signalGroup(this.#pid, 'SIGKILL')
    for (const pid of this.#others) signalOne(pid, 'SIGKILL')
  }

  /** Ends what it has left behind: SIGTERM, then SIGKILL. */
  async sweep(): Promise<void> {
    if (this.#pid === undefined) return
    signalGroup(this.#pid, 'SIGTERM')
    const deadline = this.#time.now() + NUMBERS.sweepMs
    while (this.left.length > 0 && this.#time.now() < deadline) await this.#time.sleep(NUMBERS.lookEveryMs)
    if (this.left.length > 0) signalGroup(this.#pid, 'SIGKILL')
  }

  /** Who is alive of its group, and of those that were killed with it. */
  get left(): readonly Process[] {
    if (this.#pid === undefined) return []
    const others =
      this.#others.length > 0 ? processTable().filter(({ pid }) => this.#others.includes(pid)) : []
    return [...membersOf(this.#pid), ...others]
  }

  async #disappear(): Promise<Ended> {
    const ended = await this.ended
    while (this.left.length > 0) await this.#time.sleep(NUMBERS.lookEveryMs)
    await this.#pipe?.settled(NUMBERS.silentPipeMs)
    this.#account.end()
    return ended
  }
}

function start(
  { program, progress }: Settings,
  pipe: number | undefined,
): { pid: number | undefined; ended: Promise<Ended> } {
  const [file = '', ...args] = program
  const stdio: StdioOptions = ['inherit', 'inherit', 'inherit']
  if (progress === 'stdout') stdio[1] = pipe
  if (progress === 'fd') stdio[3] = pipe
  const env = progress === 'fd' ? { ...process.env, DEPLOY_GATE_FD: '3' } : process.env
  let child: ChildProcess
  try {
    child = spawn(file, args, { stdio, env, detached: true })
  } catch (error) {
    return { pid: undefined, ended: Promise.resolve(notStarted(file, error as NodeJS.ErrnoException)) }
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve(notStarted(file, error)))
    child.once('exit', (code, signal) => resolve(signal === null ? byItself(code ?? 0) : by(signal)))
  })
  return { pid: child.pid, ended }
}
