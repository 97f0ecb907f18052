import { formatDuration } from '../../duration.ts'
import { DeployError } from '../../outcome.ts'
import { describeAsker } from '../asker.ts'
import { AFTER_A_LOSS, lossOf } from '../complaint.ts'
import type { LeaseLoss } from '../lease.ts'
import type { DrainTerms } from '../terms.ts'
import type { ListAsked, Lists, ListTerms } from './lists.ts'

/** Said at each use. */
export const LIMITS =
  'protocol: list can not promise what the gate does. A runner that dies leaves the clock stopped, for nothing ends its hold; a request or an answer that is lost on its way is never noticed; an answer does not say which deploy it answers; there is no progress, and whether the new clock runs is not seen. docs/clients.md names listeners without these gaps'

/** Whom the lists reach, for messages. */
export interface Audience {
  readonly types: readonly string[]
  /** how many requests were put into the list */
  readonly count: number
  readonly app: string
}

/** The command that starts stopped participants again. */
export function restart({ types, app }: Pick<Audience, 'types' | 'app'>): string {
  return types.map((type) => `heroku ps:restart ${type} --app ${app}`).join(' and ')
}

/** What a person must do when nothing tells whoever took a request to go on. */
export function remedy(to: Audience): string {
  return `The ${to.types.join(' or ')} stays stopped until its dyno restarts. Now run: ${restart(to)}.`
}

/** What a person must do when it is not known whether they go on. */
export function doubt(to: Audience): string {
  return `See whether the ${to.types.join(' or ')} goes on. If it does not: ${restart(to)}.`
}

/** `the clock`, or `2 of 3 listeners (clock, worker)`. */
export function subject({ types, count }: Audience, some: number): string {
  return count === 1 ? `the ${types[0]}` : `${some} of ${count} listeners (${types.join(', ')})`
}

export function missing(
  to: Audience,
  left: number,
  { requestKey }: ListTerms,
  { acknowledgeTimeoutMs }: DrainTerms,
  stoppedBy: string,
): DeployError {
  const all = left === to.count
  const [what, back] = !all
    ? [`Only ${to.count - left} of ${to.count} requests were taken`, 'The rest was']
    : to.count === 1
      ? ['Nobody took the request', 'It was']
      : [`Nobody took any of ${to.count} requests`, 'They were']
  const before = stoppedBy
    ? `The deploy before it, ${describeAsker(stoppedBy)}, may have left the clock stopped. Start it again and run this one again: ${restart(to)}. Otherwise: `
    : ''
  return new DeployError(
    'missing-clock',
    `${what} from the list ${show(requestKey)} within ${formatDuration(acknowledgeTimeoutMs)}: is the ${to.types.join(' or ')} running? ${back} taken back, and nothing was pushed.`,
    `${before}Check that the process runs (heroku ps --app ${to.app}), that it pops list-request-key from the Redis of this deploy, and that processes says how many do. If there is no listener yet, on-missing-clock: deploy.`,
  )
}

export function forgiven(to: Audience, { requestKey }: ListTerms): string {
  return `nobody took the request from the list ${show(requestKey)}, and it was taken back; deploying all the same, as on-missing-clock: deploy says: whatever ${to.types.join(' or ')} runs may be killed`
}

export function drainTimeout(to: Audience, unanswered: number, { drainTimeoutMs }: DrainTerms): DeployError {
  return new DeployError(
    'drain-timeout',
    `${capital(subject(to, unanswered))} took the request and did not answer within ${formatDuration(drainTimeoutMs)}.`,
    'Nothing was pushed. Raise drain-timeout above the longest job, or choose on-drain-timeout: deploy (jobs may be killed). A clock that was restarted meanwhile took the request with it.',
  )
}

export function leaseLost(why: LeaseLoss, asker: string): DeployError {
  return new DeployError('lease-lost', lossOf(why, asker), AFTER_A_LOSS)
}

export function unfit(
  { which, type, length }: Extract<ListAsked, { kind: 'unfit' }>,
  { requestKey, responseKey }: ListTerms,
): DeployError {
  const [input, key] =
    which === 'requests' ? ['list-request-key', requestKey] : ['list-response-key', responseKey]
  const holds = type === 'list' ? `a list of ${length} elements` : `a ${type}`
  return new DeployError(
    'preflight-failed',
    `${input}: the key ${show(key)} holds ${holds}, which is no list of ${which}. Nothing was changed, and nobody was asked.`,
    `Name in ${input} the list that the listener uses. If this is the one, empty it: somebody else writes to it, or nobody reads it.`,
  )
}

/** What a server's refusal to run a script means; anything else as it is. */
export function explained(error: unknown, { keys, terms }: Lists): unknown {
  if (!(error instanceof Error)) return error
  const [requests, answers] = [show(terms.requestKey), show(terms.responseKey)]
  if (error.message.startsWith('CROSSSLOT')) {
    const [marker] = keys
    const tag = marker.slice(marker.indexOf('{'), marker.indexOf('}') + 1)
    return new DeployError(
      'preflight-failed',
      `This Redis is a cluster, and the lists ${requests} and ${answers} are not on the slot of ${marker}, so no step can be atomic over them. Nobody was asked.`,
      `Give both lists the hash tag of the gate, here and in the listener: list-request-key: "${tag}:request", list-response-key: "${tag}:response".`,
      { cause: error },
    )
  }
  if (error.message.startsWith('NOPERM')) {
    return new DeployError(
      'preflight-failed',
      `The user of the Redis URL may not use the lists ${requests} and ${answers} (${error.message}).`,
      'Give it the rights that docs/list-protocol.md names, or use the URL of the default user.',
      { cause: error },
    )
  }
  return error
}

export function foreignRequest({ requestKey, message }: ListTerms): string {
  return `somebody else has put ${show(message)} into the list ${show(requestKey)} while the push runs: the new clock takes it, and stops`
}

/** A text of the app's, in quotes. */
export function show(text: string): string {
  return JSON.stringify(text)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
