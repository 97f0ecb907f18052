import { randomUUID } from 'node:crypto'
import type { ApiFailure } from './api/server.ts'
import { type BuildBehaviour, type Builds, createBuilds } from './builds.ts'
import { createDynos, type Dynos } from './dynos.ts'
import type { EventLog } from './events.ts'
import { commitFolder, headOf } from './git.ts'
import { createOneOffs, type OneOffs } from './one-offs.ts'
import { createReleaser, type PhaseBehaviour, type Releaser } from './releaser.ts'
import { createReleases, type Releases } from './releases.ts'
import type { Rendezvous } from './rendezvous.ts'
import { createScript } from './script.ts'
import { type Appearance, createShownDynos, type ShownDynos } from './shown-dynos.ts'
import { makeSlug } from './slug.ts'

export interface AppOptions {
  readonly configVars?: Readonly<Record<string, string>>
  /** dynos by process type; those that are not named: one, of web none */
  readonly formation?: Readonly<Record<string, number>>
  /** HEROKU_APP_NAME, HEROKU_RELEASE_VERSION and the commit in every dyno's environment; true unless told */
  readonly dynoMetadata?: boolean
  /** Start a crashed dyno again, at once for its first crash; true unless told. */
  readonly restartCrashed?: boolean
  /** how many reads after a push still show its release as pending; 1 unless told */
  readonly pendingReads?: number
  /** the app's own URL; one that leads nowhere unless told */
  readonly webUrl?: string
}

/** An app at the local Heroku. */
export interface LocalApp {
  readonly id: string
  readonly name: string
  readonly webUrl: string
  readonly createdAt: Date
  /** Read when a dyno starts. Changing them makes no release. */
  readonly configVars: Map<string, string>
  /** Read when a release starts its dynos: for those that run already, `scale`. */
  readonly formation: Map<string, number>
  readonly builds: Builds
  /** as they truly are: the API may still show one as pending */
  readonly releases: Releases
  readonly releaser: Releaser
  readonly dynos: Dynos
  readonly oneOffs: OneOffs
  readonly shownDynos: ShownDynos
  /** the commit of main, or of master where there is no main */
  readonly head: string | undefined
  /**
   * Deploys a folder without a push, and resolves when its dynos are started.
   * @param commit of the repository that `folder` is the top of; without it, a commit is made of what is in the folder
   * @returns the commit, the head of main
   * @throws Error when the build or the release phase fails
   */
  deployFolder(folder: string, options?: { readonly commit?: string }): Promise<string>
  /** What the next build does; several times for several builds. */
  nextBuild(behaviour: BuildBehaviour): void
  /** Lets builds go on that are held. */
  releaseBuild(): void
  /** What the next release phase does. An app that declares none has one for this release. */
  nextReleasePhase(behaviour: PhaseBehaviour): void
  releaseReleasePhase(): void
  nextApi(failure: ApiFailure): void
  /** Changes the quantity of a process type, and starts or ends its dynos. 0 ends them all. */
  scale(type: string, quantity: number): void
  /** What the API shows of dynos, whatever they do. */
  showDyno(appearance: Appearance): void
}

export interface AppPlace {
  readonly name: string
  /** the bare repository, which exists */
  readonly repository: string
  /** where slugs go */
  readonly slugs: string
  readonly log: EventLog
  /** aborts when the local Heroku is closed */
  readonly signal: AbortSignal
  readonly rendezvous: Rendezvous
  readonly killAfterMs: number
  readonly nodePath: string
  readonly baseEnv: Readonly<Record<string, string>>
  nextApi(failure: ApiFailure): void
}

export function openApp(place: AppPlace, options: AppOptions): LocalApp {
  const { name, repository, slugs, log, signal, killAfterMs, nodePath, baseEnv, nextApi } = place
  const configVars = new Map(Object.entries(options.configVars ?? {}))
  const formation = new Map(Object.entries(options.formation ?? {}))
  const releases = createReleases(options.pendingReads ?? 1, configVars)
  const { dynoMetadata = true, restartCrashed = true } = options
  const settings = {
    ...{ app: name, log, killAfterMs, nodePath, baseEnv },
    ...{ configVars, formation, dynoMetadata, restartCrashed },
  }
  const dynos = createDynos(settings)
  const oneOffs = createOneOffs(settings, place.rendezvous)
  const shownDynos = createShownDynos(() => [...dynos.current, ...oneOffs.current])
  const phases = createScript<PhaseBehaviour>(signal)
  const releaser = createReleaser({ app: name, log, releases, dynos, oneOffs, phases })
  const script = createScript<BuildBehaviour>(signal)
  const builds = createBuilds({
    ...{ app: name, log, script },
    makeSlug: (commit, objects) => makeSlug(repository, commit, slugs, objects),
  })

  return {
    id: randomUUID(),
    name,
    webUrl: options.webUrl ?? `https://${name}-1a2b3c4d5e6f.herokuapp.com/`,
    createdAt: new Date(),
    ...{ configVars, formation, builds, releases, releaser, dynos, oneOffs, shownDynos, nextApi },
    get head() {
      return headOf(repository)
    },
    async deployFolder(from, { commit } = {}) {
      const made = await commitFolder(repository, from, commit)
      const build = await builds.run(made, {}, () => {})
      if (!build.slug) throw new Error(`The build of ${from} for ${name} failed: ${build.failure}`)
      const { release, phase } = releaser.release(`Deploy ${made.slice(0, 8)}`, build.slug)
      build.release = release
      if (phase && !(await phase(() => {})))
        throw new Error(`The release phase of ${from} for ${name} failed.`)
      return made
    },
    nextBuild: script.next,
    releaseBuild: script.release,
    nextReleasePhase: phases.next,
    releaseReleasePhase: phases.release,
    scale(type, quantity) {
      formation.set(type, quantity)
      const { current } = releases
      if (current?.slug) dynos.scale(type, current.version, current.slug)
    },
    showDyno: shownDynos.show,
  }
}
