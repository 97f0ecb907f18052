import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPlatformApi } from './api.ts'
import { type App, type AppOptions, type LocalApp, openApp } from './app.ts'
import { createEventLog, type EventLog } from './events.ts'
import { startGitHttp } from './git-http.ts'
import { openHookSocket } from './hook-socket.ts'

export type { ApiFailure, AppOptions, LocalApp } from './app.ts'
export type { Dyno } from './dynos.ts'
export type { EventKind, HerokuEvent } from './events.ts'
export type { Release } from './releases.ts'

export interface HerokuOptions {
  /** of the one account there is */
  readonly apiKey?: string
  /** how long a dyno has between SIGTERM and SIGKILL; Heroku's 30 s unless told */
  readonly killAfterMs?: number
  /** in every dyno's environment, below the app's config vars */
  readonly baseEnv?: Readonly<Record<string, string>>
  /** the binary that dynos know as `node`; its file name must be that */
  readonly nodePath?: string
}

/** A Heroku on 127.0.0.1: git, builds, releases, the Platform API, and dynos that are processes of this machine. */
export interface LocalHeroku extends AsyncDisposable, Pick<EventLog, 'events' | 'on' | 'waitFor'> {
  readonly apiKey: string
  readonly apiUrl: string
  /** An app's repository is at `<gitUrl>/<app>.git`. */
  readonly gitUrl: string
  /** Makes an app at v2, as a new one is: its first deploy is v3. */
  createApp(name: string, options?: AppOptions): Promise<LocalApp>
  /** Ends all dynos, builds and servers, and deletes what they left. A second time changes nothing. */
  close(): Promise<void>
}

export const TEST_API_KEY = 'HRKU-5ecre7-0f-ada'
const KILL_AFTER_MS = 30_000

export async function startHeroku(options: HerokuOptions = {}): Promise<LocalHeroku> {
  const {
    apiKey = TEST_API_KEY,
    killAfterMs = KILL_AFTER_MS,
    baseEnv = {},
    nodePath = process.execPath,
  } = options
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'heroku-')))
  const log = createEventLog()
  const apps = new Map<string, App>()
  const closing = new AbortController()
  const hooks = await openHookSocket(join(folder, 'hooks.sock'), apps, log)
  const gitHttp = await startGitHttp({ folder, apiKey, apps, hookSocket: hooks.path })
  const api = await startPlatformApi({ apiKey, apps, gitUrl: () => gitHttp.url })

  async function end(): Promise<void> {
    closing.abort(new Error('The local Heroku is closed.'))
    await gitHttp.close()
    hooks.close()
    await api.close()
    await Promise.all([...apps.values()].map((app) => app.end()))
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  let ended: Promise<void> | undefined
  const close = () => {
    ended ??= end()
    return ended
  }

  return {
    ...{ apiKey, apiUrl: api.url, gitUrl: gitHttp.url },
    ...{ events: log.events, on: log.on, waitFor: log.waitFor },
    async createApp(name, appOptions = {}) {
      if (!/^[a-z][a-z0-9-]{1,28}[a-z0-9]$/.test(name) || apps.has(name)) {
        const rule = 'a new name of 3 to 30 lower-case letters, digits and dashes, beginning with a letter'
        throw new Error(`${JSON.stringify(name)} can't be an app's name: give ${rule}.`)
      }
      const place = { name, folder, log, signal: closing.signal, killAfterMs, nodePath, baseEnv }
      const app = await openApp({ ...place, nextApi: api.nextFailure }, appOptions)
      apps.set(name, app)
      return app
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
