import { enumerate } from '../enumerate.ts'
import type { AskedProcess } from './plan.ts'

/** How many dynos of a process type there are to be. */
export interface TypeFormed {
  readonly type: string
  readonly quantity: number
}

/** A dyno as Heroku shows it. */
export interface DynoSeen {
  /** `clock.1` */
  readonly name: string
  readonly type: string
  /** `crashed`, `down`, `idle`, `starting`, `up` */
  readonly state: string
  /** of its release, 43 of `v43`; 0 when unknown */
  readonly version: number
}

/** Who must take part in the drain. */
export interface Expected {
  readonly asked: readonly AskedProcess[]
  /** the dynos that must have joined */
  readonly dynos: readonly { readonly dyno: string; readonly type: string; readonly release?: string }[]
  /** what a person should know about it */
  readonly notes: readonly string[]
}

/**
 * Brings what the plan asks for in line with what Heroku runs: a type that is scaled to 0 has nobody to drain, a dyno that has crashed
 * can't take part, and of two dynos both must. A dyno that Heroku still runs above the number counts, too: a deploy would end it as well.
 * A number that was asked for stays as it is, and so does a type that Heroku doesn't know: a process may join under a name of its own.
 */
export function expected(
  processes: readonly AskedProcess[],
  formation: readonly TypeFormed[] | undefined,
  dynos: readonly DynoSeen[] = [],
): Expected {
  if (formation === undefined) return { asked: processes, dynos: [], notes: [] }
  const notes: string[] = []
  const present: DynoSeen[] = []
  const asked = processes.flatMap((process): AskedProcess[] => {
    const { type, demanded } = process
    const quantity = formation.find((one) => one.type === type)?.quantity
    if (quantity === undefined) {
      notes.push(
        `Heroku knows no process type ${type} of this app: it has ${enumerate(formation.map((one) => one.type)) || 'none'}`,
      )
      return [process]
    }
    if (quantity === 0 && !demanded) {
      notes.push(`${type} is scaled to 0: there is nobody to drain`)
      return []
    }
    const ofType = dynos.filter((dyno) => dyno.type === type)
    const running = ofType.filter(({ state }) => !STOPPED.has(state))
    // Under the same name one may stand that has crashed, and the next.
    const runs = new Set(running.map(({ name }) => name))
    const stopped = new Map(
      ofType.filter(({ name }) => !runs.has(name)).map(({ name, state }) => [name, state]),
    )
    for (const [name, state] of stopped) {
      notes.push(`${name} is ${state}: nothing runs there that a deploy could end, so it is not waited for`)
    }
    present.push(...running)
    return [demanded ? process : { ...process, atLeast: Math.max(quantity - stopped.size, runs.size) }]
  })
  return {
    asked,
    dynos: present.map(({ name, type, version }) => ({
      dyno: name,
      type,
      ...(version > 0 && { release: `v${version}` }),
    })),
    notes,
  }
}

const STOPPED = new Set(['crashed', 'down', 'idle'])
