import { INPUT_ORIGIN } from '../../../src/deploy/origins.ts'
import { type GateServer, openGateServer } from '../../../src/deploy/server.ts'
import { acquireGate, newDeployId } from '../../../src/gate/gate.ts'
import type { Hold } from '../../../src/gate/hold.ts'
import { NUMBERS, type Numbers } from '../../../src/gate/numbers.ts'
import type { DrainTerms } from '../../../src/gate/terms.ts'
import { join } from '../../../src/participant/join.ts'
import { look, type View } from '../../../src/protocol/look.ts'
import { parseRedisUrl } from '../../../src/redis/address.ts'
import { systemTime } from '../../../src/time.ts'
import { App } from '../../participant/support/app.ts'
import { Lines } from '../../participant/support/lines.ts'
import { eventually } from '../../support/redis/command.ts'
import { ASKER, TERMS } from './scene.ts'

/** A deployer and participants at a Redis of several servers, all with the shipped connections. */
export interface TopologyScene extends AsyncDisposable {
  /** the deployer's */
  readonly log: Lines
  acquire(terms?: Partial<DrainTerms>, numbers?: Partial<Numbers>): Promise<Hold>
  /** a real participant, that has joined; `atOnce` as `App` has it */
  clock(app?: App, dyno?: string): Promise<App>
  /** Resolves with what is at the gate once `like` says so; failovers are waited out. */
  sees(what: string, like: (view: View) => boolean): Promise<View>
}

export async function openTopologyScene(url: string): Promise<TopologyScene> {
  const log = new Lines()
  const { signal } = new AbortController()
  const address = parseRedisUrl(url)
  const open = (lines: Lines) =>
    openGateServer({ address, trust: { verify: false }, origin: INPUT_ORIGIN }, 'default', {
      log: lines,
      time: systemTime,
      signal,
    })
  const servers: GateServer[] = [await open(log), await open(new Lines())]
  const [deployer, watcher] = servers as [GateServer, GateServer]
  const leaving: (() => Promise<void>)[] = []
  const sees: TopologyScene['sees'] = (what, like) =>
    eventually(what, async () => {
      const view = await look(watcher.around.host, watcher.around.keys)
      return like(view) ? view : undefined
    })
  return {
    log,
    sees,
    acquire: (terms = {}, numbers = {}) =>
      acquireGate(
        { ...deployer.around, numbers: { ...NUMBERS, lookEveryMs: 100, renewAgainMs: 200, ...numbers } },
        newDeployId(),
        { ...TERMS, drainTimeoutMs: 120_000, acknowledgeTimeoutMs: 120_000, ...terms },
        ASKER,
        'v42',
      ),
    async clock(app = new App(), dyno = 'clock.1') {
      const { leave } = await join(app, { redisUrl: url, dyno, handleSigterm: false, log: app.log })
      leaving.push(() => {
        app.release()
        return leave()
      })
      await sees(`${dyno} runs`, ({ rows }) =>
        rows.some((row) => row.dyno === dyno && row.state === 'running'),
      )
      return app
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(leaving.map((leave) => leave()))
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}
