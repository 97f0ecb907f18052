import { randomInt, randomUUID } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { type DynoSettings, launch } from './launch.ts'
import type { Ended, RunningCommand } from './process.ts'
import type { Rendezvous } from './rendezvous.ts'
import { openSession, type Session, type SessionBehaviour } from './session.ts'
import { shutDown } from './shutdown.ts'
import type { Slug } from './slug.ts'

/** A dyno that runs one command and is gone. */
export interface OneOff {
  readonly id: string
  /** `run.4711` */
  readonly name: string
  readonly type: string
  readonly command: string
  readonly version: number
  readonly size: string
  readonly startedAt: Date
  /** absent for those that are not attached */
  readonly attachUrl?: string
  readonly state: 'starting' | 'up'
}

export interface OneOffOrder {
  readonly type: string
  readonly command: string
  readonly version: number
  readonly slug: Slug
  readonly env: Readonly<Record<string, string>>
  readonly size: string
  readonly timeToLiveSec?: number
  /** Wait for a client, and run with its input and output. Without, the output goes into the log alone. */
  readonly attach: boolean
  /** output with the line ends of a terminal */
  readonly terminal: boolean
}

export interface OneOffs {
  readonly current: readonly OneOff[]
  /** How the session of the next attached dyno goes; several times for several dynos. */
  next(behaviour: SessionBehaviour): void
  start(order: OneOffOrder): Promise<OneOff>
  /** Runs the release phase of a release; `onLine` gets its output. */
  runPhase(command: string, version: number, slug: Slug, onLine: (line: string) => void): Promise<Ended>
  /** @returns whether there is one of this name */
  stop(name: string): boolean
  /** Ends everything with SIGKILL and waits for it. */
  end(): Promise<void>
}

interface Entry {
  readonly dyno: OneOff & { state: OneOff['state']; attachUrl?: string }
  process?: RunningCommand
  guest?: TLSSocket
  limit?: NodeJS.Timeout
}

/** One-off dynos of an app (https://devcenter.heroku.com/articles/one-off-dynos). */
export function createOneOffs(settings: DynoSettings, rendezvous: Rendezvous): OneOffs {
  const { app, log } = settings
  const entries = new Set<Entry>()
  const behaviours: SessionBehaviour[] = []
  let closing = false

  function enter(order: Pick<OneOffOrder, 'type' | 'command' | 'version' | 'size'>): Entry {
    if (closing) throw new Error(`${app} is closed.`)
    const { type, command, version, size } = order
    const facts = { id: randomUUID(), name: `${type}.${randomInt(1_000, 10_000)}`, startedAt: new Date() }
    const entry: Entry = { dyno: { ...facts, type, command, version, size, state: 'starting' } }
    entries.add(entry)
    return entry
  }

  function run(entry: Entry, order: OneOffOrder, session?: Session): RunningCommand {
    const { dyno } = entry
    const { name, version } = dyno
    const about = { app, dyno: name, release: `v${version}` }
    // One stream, in the order in which it is printed.
    const command = `exec 2>&1\n${order.command}`
    const process = launch(settings, {
      ...{ dyno: name, command, version, slug: order.slug, env: order.env, input: session !== undefined },
      ...(session && { onOutput: session.show }),
    })
    entry.process = process
    dyno.state = 'up'
    const { pid } = process
    log.record({ kind: 'dyno-up', text: `${name} v${version} pid ${pid}`, pid, ...about })
    process.ended.then((ended) => {
      leave(entry)
      const text = `${name} v${version} pid ${pid} ${ended.signal ?? `code ${ended.code}`}`
      log.record({ kind: 'dyno-exited', text, pid, ...about, ...ended })
    })
    return process
  }

  function leave(entry: Entry): void {
    clearTimeout(entry.limit)
    entries.delete(entry)
  }

  function attach(entry: Entry, order: OneOffOrder, guest: TLSSocket): void {
    // It was stopped before its client came.
    if (!entries.has(entry)) return void guest.destroy()
    entry.guest = guest
    const behaviour = behaviours.shift() ?? {}
    if (behaviour.neverStarts) return void guest.on('close', () => leave(entry)).resume()
    const session = openSession(guest, behaviour, order.terminal, () => stop(entry, 'SIGHUP'))
    session.join(run(entry, order, session))
  }

  function stop(entry: Entry, signal: 'SIGTERM' | 'SIGHUP' = 'SIGTERM'): void {
    if (entry.process) shutDown(entry.process, entry.dyno, settings, signal)
    else {
      entry.guest?.end()
      leave(entry)
    }
  }

  return {
    get current() {
      return [...entries].map(({ dyno }) => dyno)
    },
    next: (behaviour) => void behaviours.push(behaviour),
    async start(order) {
      const entry = enter(order)
      if (order.attach) {
        const url = await rendezvous.invite((guest) => attach(entry, order, guest))
        entry.dyno.attachUrl = url
      } else run(entry, order)
      if (order.timeToLiveSec !== undefined && !closing) {
        entry.limit = setTimeout(() => stop(entry), order.timeToLiveSec * 1_000)
      }
      return entry.dyno
    },
    async runPhase(command, version, slug, onLine) {
      const entry = enter({ type: 'release', command, version, size: 'Basic' })
      entry.process = launch(settings, { dyno: entry.dyno.name, command, version, slug, onLine })
      entry.dyno.state = 'up'
      const ended = await entry.process.ended
      leave(entry)
      return ended
    },
    stop(name) {
      const entry = [...entries].find(({ dyno }) => dyno.name === name)
      if (entry) stop(entry)
      return entry !== undefined
    },
    async end() {
      closing = true
      const processes = [...entries].flatMap(({ process }) => process ?? [])
      for (const entry of entries) clearTimeout(entry.limit)
      for (const process of processes) process.signal('SIGKILL')
      await Promise.all(processes.map(({ ended }) => ended))
    },
  }
}
