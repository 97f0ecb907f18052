import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPlatformApi } from './api/server.ts'
import { type AppOptions, type LocalApp, openApp } from './app.ts'
import { createEventLog, type EventLog } from './events.ts'
import { createRepository } from './git.ts'
import { startGitHttp } from './git-http.ts'
import { createGitRefusals, type GitRefusals } from './git-refusals.ts'
import { openHookSocket } from './hook-socket.ts'
import { createPipelines, type Pipelines } from './pipelines.ts'
import { createRendezvous } from './rendezvous.ts'
import { createTokens, type Scope, type Tokens } from './tokens.ts'

export interface HerokuOptions {
  /** of the one account there is: a token that may do everything */
  readonly apiKey?: string
  /** how long a dyno has between SIGTERM and SIGKILL; Heroku's 30 s unless told */
  readonly killAfterMs?: number
  /** in every dyno's environment, below the app's config vars */
  readonly baseEnv?: Readonly<Record<string, string>>
  /** what a token must be allowed so that it may fetch by git; `read` unless told, since Heroku says nothing of it */
  readonly gitScope?: Scope
  /** the binary that dynos know as `node`; its file name must be that */
  readonly nodePath?: string
}

/** A Heroku on 127.0.0.1: git, builds, releases, the Platform API, and dynos that are processes of this machine. */
export interface LocalHeroku extends AsyncDisposable {
  readonly apiKey: string
  readonly apiUrl: string
  /** An app's repository is at `<gitUrl>/<app>.git`. */
  readonly gitUrl: string
  /** the folder with the apps' bare repositories */
  readonly repositories: string
  /** A file with the certificate of what attached dynos are reached by: NODE_EXTRA_CA_CERTS for who attaches. */
  readonly caFile: string
  readonly log: EventLog
  createApp(name: string, options?: AppOptions): LocalApp
  readonly createToken: Tokens['create']
  /** `refuseGit(2)`: the next two requests of git are too many. */
  readonly refuseGit: GitRefusals['next']
  /** `createPipeline('shop', { staging: [staging], production: [production] })` */
  readonly createPipeline: Pipelines['create']
  /** Ends all dynos, builds and servers, and deletes what they left. A second time changes nothing. */
  close(): Promise<void>
}

const TEST_API_KEY = 'HRKU-of-the-local-heroku'
/** Heroku's own figure: https://devcenter.heroku.com/articles/dynos#shutdown */
const KILL_AFTER_MS = 30_000

export async function startHeroku(options: HerokuOptions = {}): Promise<LocalHeroku> {
  const {
    apiKey = TEST_API_KEY,
    killAfterMs = KILL_AFTER_MS,
    baseEnv = {},
    nodePath = process.execPath,
  } = options
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'heroku-')))
  const repositories = join(folder, 'git')
  await mkdir(repositories)
  const log = createEventLog()
  const apps = new Map<string, LocalApp>()
  const tokens = createTokens(apiKey)
  const gitRefusals = createGitRefusals()
  const rendezvous = createRendezvous(folder)
  const closing = new AbortController()
  const hooks = await openHookSocket(join(folder, 'hooks.sock'), apps, log)
  const gitHttp = await startGitHttp({
    repositories,
    tokens,
    gitRefusals,
    apps,
    hookSocket: hooks.path,
    log,
    gitScope: options.gitScope ?? 'read',
  })
  const pipelines = createPipelines()
  const api = await startPlatformApi({ tokens, apps, pipelines, gitUrl: gitHttp.url })

  async function end(): Promise<void> {
    closing.abort(new Error('The local Heroku is closed.'))
    await gitHttp.close()
    // A release phase that runs is a dyno too: pushes are over only when it is.
    await Promise.all([...apps.values()].flatMap(({ dynos, oneOffs }) => [dynos.end(), oneOffs.end()]))
    await rendezvous.close()
    await hooks.close()
    await api.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  let ended: Promise<void> | undefined
  const close = () => {
    ended ??= end()
    return ended
  }

  return {
    ...{ apiKey, apiUrl: api.url, gitUrl: gitHttp.url, repositories, log },
    get caFile() {
      return rendezvous.caFile
    },
    createApp(name, appOptions = {}) {
      if (!/^[a-z][a-z0-9-]{1,28}[a-z0-9]$/.test(name) || apps.has(name)) {
        const rule = 'a new name of 3 to 30 lower-case letters, digits and dashes, beginning with a letter'
        throw new Error(`${JSON.stringify(name)} can't be an app's name: give ${rule}.`)
      }
      const repository = join(repositories, `${name}.git`)
      createRepository(repository)
      const place = {
        name,
        repository,
        slugs: join(folder, 'slugs', name),
        log,
        rendezvous,
        signal: closing.signal,
      }
      const app = openApp({ ...place, killAfterMs, nodePath, baseEnv, nextApi: api.nextFailure }, appOptions)
      apps.set(name, app)
      return app
    },
    createPipeline: pipelines.create,
    createToken: tokens.create,
    refuseGit: gitRefusals.next,
    close,
    [Symbol.asyncDispose]: close,
  }
}
