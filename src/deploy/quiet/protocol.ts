import { withdraw } from '../../gate/announce.ts'
import { acquireGate, type Surroundings } from '../../gate/gate.ts'
import type { Held } from '../../gate/held.ts'
import { askByList, endByList, inspectLists } from '../../gate/list/ask.ts'
import { restart } from '../../gate/list/complaint.ts'
import type { Asker, DrainTerms } from '../../gate/terms.ts'
import { finish } from '../../protocol/drain.ts'
import type { Row } from '../../protocol/row.ts'
import type { Expected } from '../expected.ts'
import type { DeployPlan } from '../plan.ts'
import { takingPart } from './taking-part.ts'

/** How a deploy asks an app's processes to drain. */
export interface Protocol {
  /**
   * Says who takes part, as far as that can be seen. Asks nobody for anything.
   * @returns who does, where each is known
   * @throws DeployError (`busy`, `preflight-failed`)
   */
  inspect(asker: Asker): Promise<readonly Row[]>
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

/** The protocol of the plan, on a server that is open. @param who must take part; default: what the plan says alone */
export function protocolOf(
  plan: DeployPlan,
  around: Surroundings,
  who: Expected = { asked: plan.processes, dynos: [], notes: [] },
): Protocol {
  return plan.list === undefined ? byGate(plan, around, who) : byList(plan, around, plan.list, who)
}

function byGate(plan: DeployPlan, around: Surroundings, who: Expected): Protocol {
  const { host, keys, log } = around
  return {
    inspect: (asker) => takingPart(around, plan.gateName, asker, who),
    ask: (id, asker, replaces) => acquireGate(around, id, termsOf(plan, who), asker, replaces),
    async end(id) {
      // First: a release phase that is about to ask looks at its announcement once more.
      if (plan.drainAt === 'release-phase') await withdraw(around, id)
      const answer = await finish(host, keys, { id, epoch: '' }, 'aborted')
      log.info(
        answer === 'finished'
          ? 'this job was stopped while its drain was in force: ended it, the clock goes back to work'
          : 'the drain of this job was over already: nothing to do',
      )
    },
  }
}

function byList(
  plan: DeployPlan,
  around: Surroundings,
  list: NonNullable<DeployPlan['list']>,
  who: Expected,
): Protocol {
  const { gateName, app } = plan
  const { asked: processes } = who
  return {
    async inspect() {
      await inspectLists(
        around,
        processes.map(({ type }) => type),
      )
      return []
    },
    ask: (id, asker) => askByList(around, gateName, list, id, termsOf(plan, who), { ...asker, app }),
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

/** The terms of the plan, for who must take part. */
export function termsOf(plan: DeployPlan, { asked, dynos }: Expected): DrainTerms {
  const { acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock } = plan
  return { asked, acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock, expected: dynos }
}
