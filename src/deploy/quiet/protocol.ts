import { enumerate } from '../enumerate.ts'
import { acquireGate, inspectGate, type Surroundings } from '../gate/gate.ts'
import type { Held } from '../gate/held.ts'
import { askByList, endByList, inspectLists } from '../gate/list/ask.ts'
import { restart } from '../gate/list/complaint.ts'
import type { Asker, DrainTerms } from '../gate/terms.ts'
import { finish } from '../protocol/drain.ts'
import type { DeployPlan } from './plan.ts'

/** How a deploy asks an app's processes to drain. */
export interface Protocol {
  /**
   * Says who takes part, as far as that can be seen. Asks nobody for anything.
   * @throws DeployError (`busy`, `preflight-failed`)
   */
  inspect(asker: Asker): Promise<void>
  /**
   * Asks.
   * @param id from `newDeployId`
   * @param replaces the release that runs now, `v42`; empty when unknown
   * @throws DeployError (`busy`, `preflight-failed`)
   */
  ask(id: string, asker: Asker, replaces: string): Promise<Held>
  /** Ends what the deploy `id` has asked for and could not end. Others' stays as it is. */
  end(id: string): Promise<void>
}

/** The protocol of the plan, on a server that is open. */
export function protocolOf(plan: DeployPlan, around: Surroundings): Protocol {
  return plan.list === undefined ? byGate(plan, around) : byList(plan, around, plan.list)
}

function byGate(plan: DeployPlan, around: Surroundings): Protocol {
  const { host, keys, log } = around
  return {
    async inspect(asker) {
      const types = plan.processes.map(({ type }) => type)
      const there = await inspectGate(around, plan.gateName, asker, types)
      log.info(
        there.length > 0
          ? `taking part: ${enumerate(there.map(({ dyno }) => dyno))}`
          : `nobody takes part yet as ${types.join(' or ')}`,
      )
    },
    ask: (id, asker, replaces) => acquireGate(around, id, termsOf(plan), asker, replaces),
    async end(id) {
      const answer = await finish(host, keys, { id, epoch: '' }, 'aborted')
      log.info(
        answer === 'finished'
          ? 'this job was stopped while its drain was in force: ended it, the clock goes back to work'
          : 'the drain of this job was over already: nothing to do',
      )
    },
  }
}

function byList(plan: DeployPlan, around: Surroundings, list: NonNullable<DeployPlan['list']>): Protocol {
  const { gateName, processes, app } = plan
  return {
    inspect: () =>
      inspectLists(
        around,
        processes.map(({ type }) => type),
      ),
    ask: (id, asker) => askByList(around, gateName, list, id, termsOf(plan), { ...asker, app }),
    end: (id) => endByList(around, gateName, list, id, processes, app),
  }
}

/** What becomes of those who were asked when nobody can end it. */
export function unended({ list, app, processes }: DeployPlan): string {
  if (list === undefined)
    return 'held participants resume by themselves when its lease runs out: 1 minute while draining, 3 during a push'
  const command = restart({ types: processes.map(({ type }) => type), app })
  return `a request that nobody has taken goes by itself within a minute; whoever has taken one stays stopped until its dyno restarts: ${command}`
}

function termsOf(plan: DeployPlan): DrainTerms {
  const { processes, acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock } = plan
  return { asked: processes, acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock }
}
