import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { HerokuPlan } from '../../../src/heroku/plan.ts'
import { createPlatformApi } from '../../../src/heroku/platform-api.ts'
import { type PushTarget, preflight } from '../../../src/heroku/preflight.ts'
import { appAnswer, releasesAnswer, slugAnswer } from './answers.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { type GitServer, startGitServer } from './git-server.ts'
import { createRepository, gitEnvironment, type Repository, temporaryFolder } from './repository.ts'
import type { Surroundings } from './surroundings.ts'

export const API_KEY = 'HRKU-5ecre7-0f-ada'

/** A checkout, Heroku's git and Heroku's API, with the app shop at v42 and nothing pushed yet. */
export interface World {
  readonly folder: string
  readonly env: Record<string, string>
  readonly checkout: Repository
  readonly remote: Repository
  readonly git: GitServer
  readonly api: ApiServer
  readonly plan: HerokuPlan
  /** puts `commit` on Heroku's main as what v42 runs */
  deployed(commit: string): void
  preflight(around: Surroundings, plan?: Partial<HerokuPlan>): Promise<PushTarget>
  /** fails if anything at Heroku has changed since the first preflight, or was to be changed */
  assertUntouched(): void
  end(): Promise<void>
}

export async function createWorld(): Promise<World> {
  const { path: folder, remove } = temporaryFolder()
  const env = gitEnvironment(folder)
  const git = await startGitServer(folder, API_KEY)
  const api = await startApiServer()
  mkdirSync(join(folder, 'checkout'))
  const checkout = createRepository(join(folder, 'checkout'), folder)
  const remote = git.app('shop')
  api.script('/apps/shop', appAnswer())
  api.script('/apps/shop/releases', releasesAnswer({ version: 42, current: true, slug: null }))
  api.script('/apps/shop/builds', { body: [] })
  api.script('/apps/shop/formation', { body: [] })
  api.script('/apps/shop/dynos', { body: [] })
  const plan: HerokuPlan = {
    app: 'shop',
    apiKey: API_KEY,
    apiUrl: api.url,
    gitUrl: git.url,
    strategy: { kind: 'git-push' },
    upToDate: 'skip',
    drainAt: 'before-push',
    onRunningBuild: 'wait',
    ref: 'HEAD',
    branch: 'main',
    forcePush: false,
    directory: checkout.path,
  }
  let refs: string | undefined
  return {
    folder,
    env,
    checkout,
    remote,
    git,
    api,
    plan,
    deployed(commit) {
      checkout.git('push', '--quiet', remote.path, `${commit}:refs/heads/main`)
      api.script('/apps/shop/releases', releasesAnswer({ version: 42, current: true }))
      api.script('/apps/shop/slugs/slug-42', slugAnswer(commit))
    },
    preflight(around, over = {}) {
      refs ??= remote.git('for-each-ref')
      const whole = { ...plan, ...over }
      return preflight(whole, createPlatformApi(whole, around), around)
    },
    assertUntouched() {
      expect(remote.git('for-each-ref')).toBe(refs)
      expect(git.requests.filter(({ path }) => path.includes('receive-pack'))).toEqual([])
      expect(api.requests.filter(({ method }) => method !== 'GET')).toEqual([])
    },
    async end() {
      await git.close()
      await api.close()
      await remove()
    },
  }
}

/** The error that a promise rejects with, for looking at all that it says. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<Error & { outcome?: string; next?: string }> {
  const settled = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (settled instanceof Error) return settled
  throw new Error('expected a rejection')
}
