import { createPlatformApi, type PlatformApi } from '../../../src/heroku/platform-api.ts'
import type { Standing } from '../../../src/heroku/target.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { type ScriptedTime, type Surroundings, scriptedTime, surroundings } from './surroundings.ts'

/** For so long one request may take: a test's time never skips it. */
const ATTEMPT_LIMIT_MS = 15_000

/** The app shop, at v42 before the deploy, behind a scripted API whose waits take no time. */
export interface ScriptedApp extends AsyncDisposable {
  readonly server: ApiServer
  readonly time: ScriptedTime
  readonly around: Surroundings
  readonly api: PlatformApi
  readonly standing: Standing
  /** what was asked for by POST, in order: path and body */
  sent(): readonly (readonly [path: string, body: unknown])[]
}

/** @param skip which waits are over at once */
export async function openScriptedApp(skip = (ms: number) => ms !== ATTEMPT_LIMIT_MS): Promise<ScriptedApp> {
  const server = await startApiServer()
  const time = scriptedTime(skip)
  const around = surroundings({ time, random: () => 0.2 })
  const api = createPlatformApi({ app: 'shop', apiUrl: server.url, apiKey: 'HRKU-5ecre7' }, around)
  return {
    server,
    time,
    around,
    api,
    standing: {
      app: 'shop',
      appId: 'app-shop',
      webUrl: 'https://shop.example.com/',
      currentRelease: 'v42',
      currentReleaseId: 'release-42',
      currentSlug: 'slug-42',
      newestVersion: 42,
      api,
    },
    sent: () =>
      server.requests
        .filter(({ method }) => method === 'POST')
        .map(({ path, body }) => [path, JSON.parse(body)] as const),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
