import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type Build, type BuildBehaviour, type Builds, createBuilds } from './builds.ts'
import { createDynos, type Dyno, type Dynos } from './dynos.ts'
import type { EventLog } from './events.ts'
import { commitFolder, git, gitEnvironment } from './git.ts'
import type { Ended } from './process.ts'
import { createReleaser, type PhaseBehaviour, type Releaser } from './releaser.ts'
import { createReleases, type Release, type Releases } from './releases.ts'
import { createScript } from './script.ts'
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
}

/** A failure of the Platform API that a test arranges. */
export interface ApiFailure {
  /** `/apps/shop/releases`, without a query */
  readonly path: string
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** how many requests get it; 1 unless told */
  readonly times?: number
}

/** An app at the local Heroku, as a test sees it. */
export interface LocalApp {
  readonly name: string
  /** Read when a dyno starts. Changing them makes no release. */
  readonly configVars: Map<string, string>
  /** Read when a release starts its dynos. */
  readonly formation: Map<string, number>
  /** oldest first, as they truly are: the API may still show one as pending */
  readonly releases: readonly Release[]
  /** what runs, also dynos on their way out */
  readonly dynos: readonly Dyno[]
  /** the commit of main, or of master where there is no main */
  readonly head: string | undefined
  /**
   * Deploys a folder without a push, and resolves when its dynos are started.
   * @param commit of the repository that `folder` is the top of; without it, a commit is made of what is in the folder
   * @throws Error when the build or the release phase fails
   */
  deployFolder(folder: string, options?: { readonly commit?: string }): Promise<Release>
  /** What the next build does; several times for several builds. */
  nextBuild(behaviour: BuildBehaviour): void
  /** Lets builds go on that are held. */
  releaseBuild(): void
  /** What the next release phase does. An app that declares none has one for this release. */
  nextReleasePhase(behaviour: PhaseBehaviour): void
  releaseReleasePhase(): void
  nextApi(failure: ApiFailure): void
  /** Ends the current dyno of this name from outside, by SIGKILL unless told; resolves when it has ended. */
  killDyno(name: string, signal?: NodeJS.Signals): Promise<Ended>
  /** `heroku ps:restart`: the old dyno gets its SIGTERM as the new one starts. */
  restart(name: string): void
}

/** The same app, as the servers see it. */
export interface App extends LocalApp {
  readonly id: string
  readonly webUrl: string
  readonly createdAt: Date
  readonly builds: Builds
  readonly releaser: Releaser
  readonly history: Releases
  readonly dynoList: Dynos
  end(): Promise<void>
}

export interface AppPlace {
  readonly name: string
  /** where its repository and its slugs are */
  readonly folder: string
  readonly log: EventLog
  /** aborts when the local Heroku is closed */
  readonly signal: AbortSignal
  readonly killAfterMs: number
  readonly nodePath: string
  readonly baseEnv: Readonly<Record<string, string>>
  nextApi(failure: ApiFailure): void
}

export async function openApp(place: AppPlace, options: AppOptions): Promise<App> {
  const { name, folder, log, signal, killAfterMs, nodePath, baseEnv, nextApi } = place
  const repository = join(folder, `${name}.git`)
  await git(folder, ['init', '--quiet', '--bare', '--initial-branch=main', repository], {
    GIT_DIR: repository,
  })
  await git(repository, ['config', 'http.receivepack', 'true'])
  await git(repository, ['config', 'receive.denyDeletes', 'true'])

  const configVars = new Map(Object.entries(options.configVars ?? {}))
  const formation = new Map(Object.entries(options.formation ?? {}))
  const history = createReleases(options.pendingReads ?? 1)
  // What every app begins with, so that its first deploy is v3.
  for (const description of ['Initial release', 'Enable Logplex'])
    history.add(description).status = 'succeeded'
  const { dynoMetadata = true, restartCrashed = true } = options
  const dynoList = createDynos({
    ...{ app: name, log, killAfterMs, nodePath, baseEnv },
    ...{ configVars, formation, dynoMetadata, restartCrashed },
  })
  const phases = createScript<PhaseBehaviour>(signal)
  const releaser = createReleaser({ app: name, log, releases: history, dynos: dynoList, phases })
  const buildScript = createScript<BuildBehaviour>(signal)
  const slugs = join(folder, `${name}.slugs`)
  const builds = createBuilds({
    ...{ app: name, log, script: buildScript },
    makeSlug: (commit, objects) => makeSlug(repository, commit, slugs, objects),
  })

  return {
    id: randomUUID(),
    name,
    webUrl: `https://${name}-1a2b3c4d5e6f.herokuapp.com/`,
    createdAt: new Date(),
    ...{ configVars, formation, builds, releaser, history, dynoList, nextApi },
    get releases() {
      return history.all
    },
    get dynos() {
      return dynoList.running
    },
    get head() {
      const refs = ['refs/heads/main', 'refs/heads/master']
      const args = ['for-each-ref', '--format=%(objectname)', ...refs]
      const env = { ...gitEnvironment(), GIT_DIR: repository }
      return execFileSync('git', args, { cwd: repository, env }).toString().split('\n')[0] || undefined
    },
    async deployFolder(from, { commit } = {}) {
      const made = await commitFolder(repository, from, commit)
      const build: Build = await builds.run(made, {}, () => {})
      if (!build.slug) throw new Error(`The build of ${from} for ${name} failed: ${build.failure}`)
      const { release, phase } = releaser.release(`Deploy ${made.slice(0, 8)}`, build.slug)
      build.release = release
      if (phase && !(await phase(() => {})))
        throw new Error(`The release phase of ${from} for ${name} failed.`)
      return release
    },
    nextBuild: buildScript.next,
    releaseBuild: buildScript.release,
    nextReleasePhase: phases.next,
    releaseReleasePhase: phases.release,
    killDyno: (dyno, by = 'SIGKILL') => dynoList.kill(dyno, by),
    restart: dynoList.restart,
    end: dynoList.end,
  }
}
