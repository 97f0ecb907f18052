import type { Redis } from 'ioredis'
import { acquireGate, newDeployId, type Surroundings } from '../../../src/gate/gate.ts'
import type { Hold } from '../../../src/gate/hold.ts'
import { NUMBERS, type Numbers } from '../../../src/gate/numbers.ts'
import type { Asker, DrainTerms } from '../../../src/gate/terms.ts'
import { join } from '../../../src/participant/join.ts'
import { gateKeys } from '../../../src/protocol/keys.ts'
import { createClient } from '../../../src/redis/client.ts'
import { listen } from '../../../src/redis/listen.ts'
import { systemTime } from '../../../src/time.ts'
import { App } from '../../participant/support/app.ts'
import { Deployer } from '../../participant/support/deployer.ts'
import { Lines } from '../../participant/support/lines.ts'
import { type RedisServer, startRedis } from '../../support/redis/redis-server.ts'
import { ScriptedParticipant } from './scripted.ts'

export const ASKER: Asker & { readonly app: string } = {
  name: 'deploy',
  app: 'shop',
  commit: '0123456789abcdef',
  runUrl: 'https://ci/1',
}

/** One clock, as the Action asks by default, but in the time of a test. */
export const TERMS: DrainTerms = {
  asked: [{ type: 'clock', atLeast: 1, demanded: false }],
  acknowledgeTimeoutMs: 20_000,
  drainTimeoutMs: 20_000,
  onDrainTimeout: 'fail',
  onMissingClock: 'fail',
}

/** The deployer's side on a real Redis, with real and scripted participants on the other. */
export interface Scene extends AsyncDisposable {
  readonly server: RedisServer
  /** reads what is there, and does by hand what somebody else would do */
  readonly other: Deployer
  readonly log: Lines
  readonly cancel: AbortController
  around(numbers?: Partial<Numbers>): Surroundings
  acquire(terms?: Partial<DrainTerms>, numbers?: Partial<Numbers>, replaces?: string): Promise<Hold>
  /** a real participant, with its connection; `atOnce` as `App` has it */
  clock(app?: App, dyno?: string): Promise<App>
  scripted(dyno?: string, type?: string, boot?: string): ScriptedParticipant
}

/** @param viaUrl the URL by which the deployer reaches the server, if not directly */
export async function openScene(viaUrl = (url: string) => url): Promise<Scene> {
  const server = await startRedis()
  const other = new Deployer(server.url)
  const keys = gateKeys('default')
  const port = Number(new URL(viaUrl(server.url)).port)
  const client: Redis = createClient(
    { host: '127.0.0.1', port, tls: false, db: 0 },
    { verify: true },
    { commandTimeoutMs: 500, silentLinkMs: 400, retryDelay: () => 20 },
  )
  client.on('error', () => {})
  await client.connect()
  const log = new Lines()
  const cancel = new AbortController()
  const leaving: (() => Promise<void>)[] = []

  const around = (numbers: Partial<Numbers> = {}): Surroundings => ({
    host: client,
    keys,
    listen: (onReport) => listen(client, keys.reports, onReport).began,
    time: systemTime,
    log,
    // Scripted participants never say that they go on.
    numbers: { ...NUMBERS, lookEveryMs: 50, resumeWatchMs: 200, ...numbers },
    signal: cancel.signal,
  })
  return {
    server,
    other,
    log,
    cancel,
    around,
    acquire: (terms = {}, numbers = {}, replaces = '') =>
      acquireGate(around(numbers), newDeployId(), { ...TERMS, ...terms }, ASKER, replaces),
    async clock(app = new App({}), dyno = 'clock.1') {
      const { leave } = await join(app, { redisUrl: server.url, dyno, handleSigterm: false, log: app.log })
      leaving.push(() => {
        app.release()
        return leave()
      })
      await other.sees({ state: 'running' }, dyno)
      return app
    },
    scripted: (dyno = 'clock.1', type = 'clock', boot = 'a') =>
      new ScriptedParticipant(other.redis, keys, dyno, type, boot),
    async [Symbol.asyncDispose]() {
      await Promise.all(leaving.map((leave) => leave()))
      client.disconnect()
      other.redis.disconnect()
      await server.stop()
    },
  }
}
