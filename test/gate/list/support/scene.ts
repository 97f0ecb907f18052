import type { Redis } from 'ioredis'
import { Redis as Client } from 'ioredis'
import { newDeployId, type Surroundings } from '../../../../src/gate/gate.ts'
import { askByList } from '../../../../src/gate/list/ask.ts'
import type { ListHold } from '../../../../src/gate/list/hold.ts'
import { Lists, type ListTerms } from '../../../../src/gate/list/lists.ts'
import { NUMBERS, type Numbers } from '../../../../src/gate/numbers.ts'
import type { DrainTerms } from '../../../../src/gate/terms.ts'
import { gateKeys } from '../../../../src/protocol/keys.ts'
import type { ScriptHost } from '../../../../src/protocol/script.ts'
import { createClient } from '../../../../src/redis/client.ts'
import { systemTime } from '../../../../src/time.ts'
import { Lines } from '../../../participant/support/lines.ts'
import type { RedisOptions } from '../../../support/redis/redis-config.ts'
import { type RedisServer, startRedis } from '../../../support/redis/redis-server.ts'
import { ASKER, TERMS } from '../../support/scene.ts'

export const LISTS: ListTerms = {
  requestKey: 'request',
  responseKey: 'response',
  message: 'shutdown',
  resumeMessage: '',
}
export const MARKER = 'deploy-gate:{default}:list'

/** The deployer's side on a real Redis. The listener's is done by hand: it pops and pushes. */
export interface ListScene extends AsyncDisposable {
  readonly server: RedisServer
  /** the listener's connection, and whoever else meddles with the lists */
  readonly app: Redis
  /** the deployer's connection */
  readonly client: Redis
  readonly log: Lines
  readonly cancel: AbortController
  /** what stands in the lists */
  requests(): Promise<string[]>
  answers(): Promise<string[]>
  /** takes a request as a listener does; waits for one that is yet to come */
  take(): Promise<string>
  lists(id?: string, terms?: Partial<ListTerms>): Lists
  around(numbers?: Partial<Numbers>, host?: ScriptHost): Surroundings
  ask(terms?: Partial<DrainTerms>, list?: Partial<ListTerms>, around?: Surroundings): Promise<ListHold>
  /** all as at the beginning, but for the connections */
  reset(): Promise<void>
}

/** @param via the port by which the deployer reaches the server's, if not directly */
export async function openListScene(
  options: RedisOptions = {},
  via = async (port: number) => port,
): Promise<ListScene> {
  const server = await startRedis(options)
  const app = new Client(server.url, { connectionName: 'listener' })
  app.on('error', () => {})
  const port = await via(server.port)
  const client = createClient(
    { host: '127.0.0.1', port, tls: false, db: 0 },
    { verify: true },
    { commandTimeoutMs: 5_000, silentLinkMs: 5_000, retryDelay: () => 20 },
  )
  client.on('error', () => {})
  await client.connect()
  const scene = { log: new Lines(), cancel: new AbortController() }

  const around = (numbers: Partial<Numbers> = {}, host: ScriptHost = client): Surroundings => ({
    host,
    keys: gateKeys('default'),
    listen: async () => false,
    time: systemTime,
    log: scene.log,
    numbers: { ...NUMBERS, lookEveryMs: 20, ...numbers },
    signal: scene.cancel.signal,
  })
  return {
    server,
    app,
    client,
    get log() {
      return scene.log
    },
    get cancel() {
      return scene.cancel
    },
    requests: () => app.lrange('request', 0, -1),
    answers: () => app.lrange('response', 0, -1),
    async take() {
      const [, message = ''] = (await app.brpop('request', 20)) ?? []
      return message
    },
    lists: (id = newDeployId(), terms = {}) => new Lists(client, 'default', { ...LISTS, ...terms }, id),
    around,
    ask: (terms = {}, list = {}, surroundings = around()) =>
      askByList(surroundings, 'default', { ...LISTS, ...list }, newDeployId(), { ...TERMS, ...terms }, ASKER),
    async reset() {
      await app.flushall()
      scene.log = new Lines()
      scene.cancel = new AbortController()
    },
    async [Symbol.asyncDispose]() {
      client.disconnect()
      app.disconnect()
      await server.stop()
    },
  }
}
