import { randomUUID } from 'node:crypto'
import type { Log } from '../log.ts'
import { DeployError } from '../outcome.ts'
import { acquire, finish } from '../protocol/drain.ts'
import type { GateKeys } from '../protocol/keys.ts'
import { isInForce, look } from '../protocol/look.ts'
import { isAlive, PROTOCOL_VERSION, type Row } from '../protocol/row.ts'
import type { ScriptHost } from '../protocol/script.ts'
import type { Time } from '../time.ts'
import { describeAsker } from './asker.ts'
import { busy, late, UPDATE_ADVICE } from './complaint.ts'
import { Hold } from './hold.ts'
import type { Numbers } from './numbers.ts'
import { answered } from './outlast.ts'
import { spentHold } from './spent.ts'
import type { Asker, DrainTerms } from './terms.ts'

/** What a gate works with. */
export interface Surroundings {
  readonly host: ScriptHost
  readonly keys: GateKeys
  /** calls `onReport` whenever a row changed; false where the server can't ring */
  listen(onReport: () => void): Promise<boolean>
  readonly time: Time
  readonly log: Log
  readonly numbers: Numbers
  /** aborts when the deploy is cancelled or out of time */
  readonly signal: AbortSignal
}

/** A deploy's own name. Save it before `acquireGate`: with it alone a hold can be ended. */
export function newDeployId(): string {
  return randomUUID()
}

/**
 * Reads who takes part, and checks that a drain asked for now would reach the right ones. Asks nobody for anything.
 * @throws DeployError (`busy`, `preflight-failed`)
 */
export async function inspectGate(
  around: Surroundings,
  gateName: string,
  asker: Asker,
  types: readonly string[],
): Promise<Row[]> {
  const view = await answered(around, () => look(around.host, around.keys))
  if (view.intent && isInForce(view.intent, view.now) && !spentHold(view)) {
    throw busy(view.intent.asker, view.intent.expiry - view.now)
  }
  const rows = view.rows.filter((row) => isAlive(row, view.now) && types.includes(row.type))
  const known = rows.find((row) => row.app !== undefined)
  const app = asker.app ?? known?.app
  const whose = asker.app === undefined ? `${known?.dyno} to ${app}` : `this deploy is for ${app}`
  for (const row of rows) {
    if (row.v !== PROTOCOL_VERSION) {
      throw new DeployError(
        'preflight-failed',
        `${row.dyno} speaks version ${row.v} of the drain protocol, this deploy version ${PROTOCOL_VERSION}.`,
        UPDATE_ADVICE,
      )
    }
    if (row.app !== undefined && row.app !== app) {
      throw new DeployError(
        'preflight-failed',
        `${row.dyno} at the gate "${gateName}" belongs to the app ${row.app}, and ${whose}.`,
        'Apps that share one Redis need a gate each: set gate-name here and DEPLOY_GATE_NAME in the app to the same name.',
      )
    }
  }
  return rows
}

/**
 * Asks the participants to drain. What it returns keeps them held until it is released or disposed of.
 * @param id from `newDeployId`
 * @param replaces the release that runs now, `v42`; empty when unknown
 * @throws DeployError (`busy`, `preflight-failed`)
 */
export async function acquireGate(
  around: Surroundings,
  id: string,
  terms: DrainTerms,
  asker: Asker,
  replaces: string,
): Promise<Hold> {
  const { host, keys, numbers, time, log } = around
  const view = await answered(around, () => look(host, keys))
  const spent = spentHold(view)
  if (spent && (await answered(around, () => finish(host, keys, spent, 'aborted'))) === 'finished')
    log.info(`ended a hold that held nobody any more, asked for by ${describeAsker(spent.asker)}`)
  let sentAt = time.now()
  const answer = await answered(around, () => {
    sentAt = time.now()
    return acquire(host, keys, {
      id,
      leaseMs: numbers.drainLeaseMs,
      notAfter: view.now + numbers.requestValidMs,
      asker: JSON.stringify(asker),
      replaces,
      asked: new Map(terms.asked.map(({ type, atLeast }) => [type, atLeast])),
    })
  }).catch(async (error: unknown) => {
    // It may be in force all the same: only its answers were lost.
    await finish(host, keys, { id, epoch: '' }, 'aborted').catch(() => {})
    throw error
  })
  switch (answer.kind) {
    case 'granted': {
      const hold = new Hold(around, { id, epoch: answer.epoch }, terms, sentAt, answer.leftMs)
      try {
        await hold.begin()
      } catch (error) {
        await hold[Symbol.asyncDispose]()
        throw error
      }
      return hold
    }
    case 'busy':
      throw busy(answer.asker, answer.leftMs)
    case 'version':
      throw new DeployError(
        'preflight-failed',
        `A deploy that speaks version ${answer.theirs} of the drain protocol holds the gate; this one speaks ${PROTOCOL_VERSION}.`,
        'Wait for it to end, and let all deploys use one version of deploy-gate.',
      )
    default:
      throw late()
  }
}
