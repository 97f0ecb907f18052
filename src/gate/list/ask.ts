import { isInForce, look } from '../../protocol/look.ts'
import { isAlive } from '../../protocol/row.ts'
import { busy, late } from '../complaint.ts'
import type { Surroundings } from '../gate.ts'
import { count } from '../progress.ts'
import type { AskedType, Asker, DrainTerms } from '../terms.ts'
import { tellAftermath } from './aftermath.ts'
import * as complaint from './complaint.ts'
import { ListHold } from './hold.ts'
import { Lists, type ListTerms } from './lists.ts'

/** The runner waits for a post step. */
const POST_WATCH_MS = 2_000

/**
 * Says what this protocol can't promise, and who could be asked better. Asks nobody for anything.
 * @throws DeployError (`busy`)
 */
export async function inspectLists(
  { host, keys, log }: Surroundings,
  types: readonly string[],
): Promise<void> {
  log.warning(complaint.LIMITS)
  const view = await look(host, keys)
  if (view.intent && isInForce(view.intent, view.now))
    throw busy(view.intent.asker, view.intent.expiry - view.now)
  const better = view.rows.filter((row) => types.includes(row.type) && isAlive(row, view.now))
  if (better.length > 0) {
    const dynos = better.map(({ dyno }) => dyno).join(', ')
    log.warning(
      `${dynos} takes part in the gate itself, and is not asked by protocol: list. Leave protocol out of the workflow once every process does`,
    )
  }
}

/**
 * Puts a request into the list for each listener that is asked for. What it returns takes them back unless it is released.
 * @param id from `newDeployId`
 * @throws DeployError (`busy`, `preflight-failed`)
 */
export async function askByList(
  around: Surroundings,
  gateName: string,
  listTerms: ListTerms,
  id: string,
  terms: DrainTerms,
  asker: Asker & { readonly app: string },
): Promise<ListHold> {
  const { host, keys, numbers, time, log } = around
  const lists = new Lists(host, gateName, listTerms, id)
  const to = audience(terms.asked, asker.app)
  const { now } = await look(host, keys)
  const sentAt = time.now()
  const request = {
    leaseMs: numbers.drainLeaseMs,
    notAfter: now + numbers.requestValidMs,
    asker: JSON.stringify(asker),
    count: to.count,
  }
  const answer = await lists.ask(request).catch((error: unknown) => {
    throw complaint.explained(error, lists)
  })
  switch (answer.kind) {
    case 'busy':
      throw busy(answer.asker, answer.leftMs)
    case 'late':
      throw late()
    case 'unfit':
      throw complaint.unfit(answer, listTerms)
  }
  const { oldRequests, oldAnswers, stoppedBy, leftMs } = answer
  if (oldRequests + oldAnswers > 0) {
    const left = [count(oldRequests, 'request'), count(oldAnswers, 'answer')]
    log.info(`removed what earlier deploys had left in the lists: ${left.join(', ')}`)
  }
  const { message, requestKey } = listTerms
  log.info(
    `put ${complaint.show(message)} into the list ${complaint.show(requestKey)}${to.count > 1 ? ` ${to.count} times` : ''}`,
  )
  return new ListHold(around, lists, { terms, to, stoppedBy }, sentAt, leftMs)
}

/** Ends what a deploy that was stopped has asked for, and says what it leaves behind. @param id the deploy's */
export async function endByList(
  around: Surroundings,
  gateName: string,
  listTerms: ListTerms,
  id: string,
  asked: readonly AskedType[],
  app: string,
): Promise<void> {
  const lists = new Lists(around.host, gateName, listTerms, id)
  const answer = await lists.finish('aborted')
  if (answer.kind !== 'finished') {
    around.log.info('the drain of this job was over already: nothing to do')
    return
  }
  around.log.info('this job was stopped while its request was out: ended it')
  await tellAftermath(around, lists, audience(asked, app), answer, POST_WATCH_MS)
}

function audience(asked: readonly AskedType[], app: string): complaint.Audience {
  return {
    types: asked.map(({ type }) => type),
    count: asked.reduce((sum, { atLeast }) => sum + atLeast, 0),
    app,
  }
}
