import { randomUUID } from 'node:crypto'
import { type DynoSettings, launch } from './launch.ts'
import type { Ended, RunningCommand } from './process.ts'
import { shutDown } from './shutdown.ts'
import type { Slug } from './slug.ts'

/** A dyno of an app. While a deploy goes on, an old and a new one have the same name. */
export interface Dyno {
  readonly id: string
  /** `clock.1` */
  readonly name: string
  readonly type: string
  readonly command: string
  /** 43 of `v43` */
  readonly version: number
  readonly pid: number
  readonly startedAt: Date
  /** `stopping`: it has had its SIGTERM */
  readonly state: 'up' | 'stopping' | 'crashed'
}

export interface Dynos {
  /** every process, also those that are on their way out */
  readonly running: readonly Dyno[]
  /** one for each name: what the API shows */
  readonly current: readonly Dyno[]
  /** Ends all dynos and starts those of another release at the same moment: both live for up to `killAfterMs`. */
  replace(version: number, slug: Slug): void
  /** Makes the dynos of a type as many as the formation says, and leaves those that stay alone. */
  scale(type: string, version: number, slug: Slug): void
  /** Ends one dyno and starts it anew at the same moment. */
  restart(name: string): void
  /** Sends a signal to a current dyno from outside; resolves when it has ended. */
  kill(name: string, signal: NodeJS.Signals): Promise<Ended>
  /** Ends everything with SIGKILL and waits for it. */
  end(): Promise<void>
}

/** A dyno's entry: what `Dyno` shows, and what is needed to end it. */
interface Slot {
  readonly index: number
  readonly slug: Slug
  readonly dyno: Dyno & { state: Dyno['state'] }
  readonly process: RunningCommand
  /** how often its forerunners in a row have crashed by themselves */
  readonly crashes: number
  /** a signal of the test's is on its way: Heroku starts such a dyno again, however often */
  killed: boolean
}

/** Quantity of a process type. At Heroku a first deploy starts only web; tests are about the others. */
export const quantityOf = (formation: ReadonlyMap<string, number>, type: string): number =>
  type === 'release' ? 0 : (formation.get(type) ?? (type === 'web' ? 0 : 1))

/** Heroku's dyno manager for one app (https://devcenter.heroku.com/articles/dynos#shutdown). */
export function createDynos(settings: DynoSettings): Dynos {
  const { app, log, restartCrashed, formation } = settings
  const living = new Set<Slot>()
  const current = new Map<string, Slot>()
  let closing = false

  function start(type: string, index: number, version: number, slug: Slug, crashes = 0): void {
    const name = `${type}.${index}`
    const command = slug.processTypes[type] ?? ''
    const release = `v${version}`
    // `exec`: the process that is started is the one that the Procfile names, so its pid and its end are the dyno's.
    const process = launch(settings, { dyno: name, command: `exec ${command}`, version, slug })
    const { pid } = process
    const startedAt = new Date()
    const dyno: Slot['dyno'] = { id: randomUUID(), name, type, command, version, pid, startedAt, state: 'up' }
    const slot: Slot = { index, slug, dyno, process, crashes, killed: false }
    living.add(slot)
    current.set(name, slot)
    log.record({ app, kind: 'dyno-up', text: `${name} ${release} pid ${pid}`, dyno: name, release, pid })
    process.ended.then((ended) => gone(slot, ended))
  }

  function gone(slot: Slot, ended: Ended): void {
    const { dyno, index, slug, crashes, killed } = slot
    const { name, type, version, pid } = dyno
    living.delete(slot)
    const text = `${name} v${version} pid ${pid} ${ended.signal ?? `code ${ended.code}`}`
    log.record({ app, kind: 'dyno-exited', text, dyno: name, release: `v${version}`, pid, ...ended })
    if (current.get(name) !== slot || closing) return
    // Started again at once after a first crash; after that Heroku waits for longer than any test.
    if (restartCrashed && (killed || crashes === 0)) {
      start(type, index, version, slug, killed ? 0 : crashes + 1)
    } else dyno.state = 'crashed'
  }

  /** SIGTERM now, SIGKILL when its time is over. */
  function stop({ dyno, process }: Slot): void {
    if (dyno.state !== 'up') return
    dyno.state = 'stopping'
    shutDown(process, dyno, settings)
  }

  /** Those of a type that are not there. */
  function startAll(type: string, version: number, slug: Slug): void {
    const quantity = quantityOf(formation, type)
    for (let index = 1; index <= quantity; index++) {
      if (!current.has(`${type}.${index}`)) start(type, index, version, slug)
    }
  }

  function restart(name: string): void {
    const slot = slotOf(name)
    stop(slot)
    start(slot.dyno.type, slot.index, slot.dyno.version, slot.slug)
  }

  function slotOf(name: string): Slot {
    const slot = current.get(name)
    if (slot) return slot
    throw new Error(`${app} has no dyno ${name}; it has ${[...current.keys()].join(', ') || 'none'}.`)
  }

  return {
    get running() {
      return [...living].map(({ dyno }) => dyno)
    },
    get current() {
      return [...current.values()].map(({ dyno }) => dyno)
    },
    replace(version, slug) {
      if (closing) return
      const old = [...current.values()]
      current.clear()
      for (const slot of old) stop(slot)
      for (const type of Object.keys(slug.processTypes)) startAll(type, version, slug)
    },
    scale(type, version, slug) {
      const quantity = quantityOf(formation, type)
      for (const slot of current.values()) {
        if (slot.dyno.type !== type || slot.index <= quantity) continue
        current.delete(slot.dyno.name)
        stop(slot)
      }
      if (slug.processTypes[type] !== undefined) startAll(type, version, slug)
    },
    restart,
    async kill(name, signal) {
      const slot = slotOf(name)
      slot.killed = true
      slot.process.signal(signal)
      return slot.process.ended
    },
    async end() {
      closing = true
      const processes = [...living].map(({ process }) => process)
      for (const process of processes) process.signal('SIGKILL')
      await Promise.all(processes.map(({ ended }) => ended))
    },
  }
}
