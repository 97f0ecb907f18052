import { randomUUID } from 'node:crypto'
import { createDynos, type Dynos } from './dynos.ts'
import type { EventLog } from './events.ts'
import { git } from './git.ts'
import { createReleases, type Releases } from './releases.ts'
import { makeSlug, type Slug } from './slug.ts'

/** What becomes of the next build: usually it succeeds at once. */
export type BuildBehaviour = { readonly fail: string } | { readonly until: Promise<void> }

export interface AppSettings {
  readonly name: string
  readonly configVars: ReadonlyMap<string, string>
  readonly formation: ReadonlyMap<string, number>
  readonly log: EventLog
  readonly killAfterMs: number
  readonly nodePath: string
  /** the bare repository */
  readonly repository: string
  /** where slugs go */
  readonly folder: string
}

type Say = (line: string) => void

/** One app of the local Heroku: its repository, builds, releases and dynos. */
export class LocalApp {
  readonly id = randomUUID()
  readonly name: string
  readonly configVars: ReadonlyMap<string, string>
  readonly formation: ReadonlyMap<string, number>
  readonly releases: Releases = createReleases(1)
  readonly dynos: Dynos
  readonly #settings: AppSettings
  readonly #built = new Map<string, Slug>()
  #next: BuildBehaviour | undefined

  constructor(settings: AppSettings) {
    this.#settings = settings
    const { name, configVars, formation, log, killAfterMs, nodePath } = settings
    this.name = name
    this.configVars = configVars
    this.formation = formation
    this.dynos = createDynos({
      app: name,
      configVars,
      formation,
      log,
      killAfterMs,
      nodePath,
      baseEnv: {},
      dynoMetadata: true,
      restartCrashed: true,
    })
  }

  nextBuild(behaviour: BuildBehaviour): void {
    this.#next = behaviour
  }

  /** Releases a folder without a push, as the app's past. @returns its commit, the head of main */
  async deployFolder(folder: string): Promise<string> {
    const { repository } = this.#settings
    const place = { GIT_WORK_TREE: folder, GIT_INDEX_FILE: `${repository}/first.index` }
    await git(repository, ['add', '--all'], place)
    const tree = await git(repository, ['write-tree'], place)
    const commit = await git(repository, ['commit-tree', '-m', 'first', tree])
    await git(repository, ['update-ref', 'refs/heads/main', commit])
    this.#built.set(commit, await makeSlug(repository, commit, this.#settings.folder))
    await this.release(commit, () => {})
    return commit
  }

  /** Builds a pushed commit in Heroku's words. @returns whether it may be released */
  async build(commit: string, objects: Readonly<Record<string, string>>, say: Say): Promise<boolean> {
    const { log, repository, folder } = this.#settings
    const about = { app: this.name, commit }
    const behaviour = this.#next
    this.#next = undefined
    log.record({ kind: 'push-received', text: commit.slice(0, 8), ...about })
    say('')
    say('-----> Building on the Heroku-24 stack')
    say('-----> Node.js app detected')
    log.record({ kind: 'build-started', text: commit.slice(0, 8), ...about })
    if (behaviour && 'until' in behaviour) await behaviour.until
    if (behaviour && 'fail' in behaviour) {
      say(` !     Push rejected, ${behaviour.fail}`)
      log.record({ kind: 'build-failed', text: behaviour.fail, ...about })
      return false
    }
    this.#built.set(commit, await makeSlug(repository, commit, folder, objects))
    say('-----> Compressing...')
    log.record({ kind: 'build-done', text: commit.slice(0, 8), ...about })
    return true
  }

  /** Releases a built commit: the release phase, then new dynos as the old ones are told to end. */
  async release(commit: string, say: Say): Promise<void> {
    const slug = this.#built.get(commit)
    if (slug === undefined) throw new Error(`${this.name} has not built ${commit}.`)
    const push = randomUUID()
    const release = this.releases.add(`Deploy ${commit.slice(0, 8)}`, slug, push)
    const version = `v${release.version}`
    say('-----> Launching...')
    const phase = slug.processTypes.release
    if (phase !== undefined) {
      say(
        ' !     Release command declared: this new release will not be available until the command succeeds.',
      )
      const { code } = await this.dynos.runOnce('release', phase, release.version, slug, say)
      release.status = code === 0 ? 'succeeded' : 'failed'
    } else release.status = 'succeeded'
    const { log } = this.#settings
    const { status } = release
    log.record({
      app: this.name,
      kind: 'release',
      text: `${version} ${status}`,
      release: version,
      status,
      commit,
    })
    if (status === 'failed') say('Waiting for release.... failed.')
    else {
      say(`       Released ${version}`)
      this.dynos.replace(release.version, slug)
      say('Verifying deploy... done.')
    }
    this.releases.pushReturned(push)
  }
}
