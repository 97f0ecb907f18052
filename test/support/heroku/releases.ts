import { randomUUID } from 'node:crypto'
import type { PhaseOutput } from './phase-output.ts'
import type { Slug } from './slug.ts'

export type Status = 'pending' | 'succeeded' | 'failed'

export interface Release {
  readonly id: string
  /** 43 of `v43` */
  readonly version: number
  readonly description: string
  /** absent for what needs none: the app's first releases */
  readonly slug?: Slug
  /** the app's, when it was made */
  readonly configVars: Readonly<Record<string, string>>
  readonly createdAt: Date
  status: Status
  /** absent when it has no release phase */
  output?: PhaseOutput
}

/** A release as the API shows it. */
export interface ShownRelease {
  readonly release: Release
  readonly status: Status
  readonly current: boolean
}

export interface Releases {
  /** oldest first, as they truly are */
  readonly all: readonly Release[]
  /** the newest that succeeded: what runs */
  readonly current: Release | undefined
  /**
   * Adds a pending release.
   * @param push made by this push: the API shows it pending until the push has returned, and for some reads after that
   */
  add(description: string, slug?: Slug, push?: string): Release
  /** The push's answer has been sent: from now on reads count. */
  pushReturned(push: string): void
  /** As the API shows them at this read, newest first. A release's status lags behind a push, by reads and not by time. */
  read(): ShownRelease[]
}

/** @param pendingReads how many reads after a push still show its release as pending */
export function createReleases(pendingReads: number, configVars: ReadonlyMap<string, string>): Releases {
  const all: Release[] = []
  const lags = new Map<Release, { readonly push: string; reads: number }>()

  const newestSucceeded = (status: (release: Release) => Status) =>
    all.findLast((release) => status(release) === 'succeeded')

  return {
    all,
    get current() {
      return newestSucceeded(({ status }) => status)
    },
    add(description, slug, push) {
      const release: Release = {
        id: randomUUID(),
        version: all.length + 1,
        description,
        ...(slug && { slug }),
        configVars: Object.fromEntries(configVars),
        createdAt: new Date(),
        status: 'pending',
      }
      all.push(release)
      if (push !== undefined) lags.set(release, { push, reads: Number.POSITIVE_INFINITY })
      return release
    },
    pushReturned(push) {
      for (const lag of lags.values()) if (lag.push === push) lag.reads = pendingReads
    },
    read() {
      for (const [release, { reads }] of lags) if (reads === 0) lags.delete(release)
      const status = (release: Release) => (lags.has(release) ? 'pending' : release.status)
      const current = newestSucceeded(status)
      for (const lag of lags.values()) lag.reads--
      return all.toReversed().map((release) => ({
        release,
        status: status(release),
        current: release === current,
      }))
    },
  }
}
