import type { Dyno } from './dynos.ts'
import type { OneOff } from './one-offs.ts'

/** https://devcenter.heroku.com/articles/platform-api-reference#dyno */
export type DynoState = 'crashed' | 'down' | 'idle' | 'starting' | 'up'

/** A dyno as the API shows it. */
export interface ShownDyno {
  readonly dyno: Dyno | OneOff
  readonly state: DynoState
}

export interface Appearance {
  /** a dyno's name or its type: `clock.1`, `clock` */
  readonly dyno: string
  /** only those of this release: 43 of `v43` */
  readonly version?: number
  readonly state: DynoState
  /** how often each dyno is read like this, from its first read on; every time unless told */
  readonly reads?: number
}

/** How the API shows an app's dynos, which need not be how they are: their processes go on all the same. */
export interface ShownDynos {
  /** A later appearance for the same dyno counts. */
  show(appearance: Appearance): void
  /** Counts as a read of each dyno that is returned: of those that `wanted` accepts. */
  read(wanted?: (shown: { readonly dyno: Dyno | OneOff }) => boolean): ShownDyno[]
}

/** @param all the dynos that there are */
export function createShownDynos(all: () => readonly (Dyno | OneOff)[]): ShownDynos {
  const appearances: Appearance[] = []
  const reads = new Map<string, number>()

  function shown(dyno: Dyno | OneOff): ShownDyno {
    const { id, name, type, version, state } = dyno
    const before = reads.get(id) ?? 0
    reads.set(id, before + 1)
    const arranged = appearances.findLast(
      (one) => (one.dyno === name || one.dyno === type) && (one.version ?? version) === version,
    )
    if (arranged && before < (arranged.reads ?? Number.POSITIVE_INFINITY)) {
      return { dyno, state: arranged.state }
    }
    // The API has no word for a dyno that is on its way out.
    return { dyno, state: state === 'stopping' ? 'up' : state }
  }

  return {
    show: (appearance) => void appearances.push(appearance),
    read: (wanted = () => true) =>
      all()
        .filter((dyno) => wanted({ dyno }))
        .map((dyno) => shown(dyno)),
  }
}
