import { formatDuration } from '../duration.ts'
import { enumerate } from '../enumerate.ts'
import { DeployError } from '../outcome.ts'
import type { Blocker } from '../protocol/commit.ts'
import { PROTOCOL_VERSION } from '../protocol/row.ts'
import { describeAsker, readAsker } from './asker.ts'
import type { LeaseLoss } from './lease.ts'
import { count, type ParticipantProgress } from './progress.ts'
import type { ExpectedDyno } from './terms.ts'
import type { Verdict } from './verdict.ts'

/** For a participant or a deploy of another version of the protocol. */
export const UPDATE_ADVICE =
  'Update the older one: the deploy-gate library in the app, or what deploys, the Action in the workflow or the deploy-gate command.'

/** A message names so many participants with what they say of themselves. */
const MOST_NOTES = 5

const BACK = 'Nothing was pushed, and the clock is back at work.'

/** @param asker as the other deploy described itself */
export function busy(asker: string, leftMs: number): DeployError {
  if (readAsker(asker).holds) {
    return new DeployError(
      'busy',
      `The app's processes are held by hand, asked for by ${describeAsker(asker)}. The hold ends in ${formatDuration(leftMs)}.`,
      'Wait for its end, or end it if its time is over: `deploy-gate resume`.',
    )
  }
  return new DeployError(
    'busy',
    `Another deploy holds the gate: ${describeAsker(asker)}. Its lease ends in ${formatDuration(leftMs)} unless it is renewed.`,
    'Wait for it to end and run this one again. A concurrency group in the workflow queues deploys by itself: `concurrency: { group: deploy, cancel-in-progress: false }`.',
  )
}

/** @param asker as the other deploy described itself */
export function announcedBy(asker: string): DeployError {
  return new DeployError(
    'busy',
    `Another deploy is announced, and its release phase will ask for the drain: ${describeAsker(asker)}.`,
    'Wait for it to end and run this one again; if nobody runs it any more, its announcement is forgotten within 3 minutes. A concurrency group in the workflow queues deploys by itself: `concurrency: { group: deploy, cancel-in-progress: false }`.',
  )
}

export function late(): DeployError {
  return new DeployError(
    'preflight-failed',
    'The drain request reached Redis too late to be valid, so no drain is in force. Had an earlier try reached the clock, it is back at work by itself.',
    'The connection to Redis is very slow or was interrupted: run the deploy again.',
  )
}

export function unanswered(cause: Error, forMs: number): DeployError {
  return new DeployError(
    'preflight-failed',
    `Redis gave no answer for ${formatDuration(forMs)} (${cause.message}). Nothing was pushed; should the clock have been asked to drain, it goes on by itself within a minute.`,
    'Look at whether Redis is up and reachable (`heroku redis:info`), then run the deploy again.',
    { cause },
  )
}

export function refused(who: readonly ParticipantProgress[]): DeployError {
  const each = who
    .slice(0, MOST_NOTES)
    .map(({ dyno, note }) => `${dyno} refused to drain${note ? `: ${note}` : ''}`)
  if (who.length > MOST_NOTES) each.push(`so did ${enumerate(who.slice(MOST_NOTES).map(({ dyno }) => dyno))}`)
  return new DeployError(
    'refused',
    `${each.join('; ')}. ${BACK}`,
    `Its drain handler failed. Look at the app's log around now: \`heroku logs --dyno ${who[0]?.dyno}\`. Mend the handler, or deploy once without a drain, in the Action with \`skip-drain: true\`.`,
  )
}

export function notAcknowledged(who: readonly ParticipantProgress[], timeoutMs: number): DeployError {
  const names = enumerate(
    who.map(({ dyno, state, foreign }) => {
      if (foreign !== undefined) return `${dyno} (it speaks version ${foreign} of the drain protocol)`
      return state === 'silent' ? `${dyno} (not heard of any more)` : dyno
    }),
  )
  if (who.some(({ foreign }) => foreign !== undefined)) {
    return new DeployError(
      'not-acknowledged',
      `${names} can't be asked by this deploy, which speaks version ${PROTOCOL_VERSION}. ${BACK}`,
      UPDATE_ADVICE,
    )
  }
  return new DeployError(
    'not-acknowledged',
    `${names} did not accept the drain request within ${formatDuration(timeoutMs)}. ${BACK}`,
    'See whether the process is alive and reaches Redis: `heroku ps`, and `heroku logs` for lines of deploy-gate. If it is only slow, raise acknowledge-timeout.',
  )
}

/** @param absent dynos of these types that Heroku says are up, and nobody has joined from */
export function missingClock(
  short: Verdict['short'],
  timeoutMs: number,
  absent: readonly ExpectedDyno[] = [],
): DeployError {
  const each = short.map(({ type, have, need }) =>
    need === 1 ? `no ${type}` : `${have} of ${need} ${type} participants`,
  )
  const message = `${capital(each.join(' and '))} took part within ${formatDuration(timeoutMs)}. Nothing was pushed, and who did take part goes back to work.`
  if (absent.length > 0) {
    return new DeployError(
      'missing-clock',
      `${absences(absent)}. ${message}`,
      `${absent.length === 1 ? 'Its process' : 'Their processes'} must call join with this gate name and the same REDIS_URL, or run behind the supervisor: \`deploy-gate run -- <command>\`. \`heroku logs --dyno ${absent[0]?.dyno}\` shows lines of deploy-gate if it tries. The first deploy of an app that has just gained a listener needs \`on-missing-clock: deploy\`.`,
    )
  }
  return new DeployError(
    'missing-clock',
    message,
    'Check that the process runs (`heroku ps`), that it joins the gate with the same REDIS_URL and gate name, and that processes names its type. The first deploy of an app that has just gained a listener needs `on-missing-clock: deploy`.',
  )
}

function capital(sentence: string): string {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`
}

/** Dynos that are up and at no gate, each as a clause; empty for none. */
export function absences(absent: readonly ExpectedDyno[]): string {
  const each = absent.map(
    ({ dyno, release }) => `${dyno} is up${release ? ` on ${release}` : ''} but has not joined the gate`,
  )
  return enumerate(each, MOST_NOTES)
}

export function drainTimeout(verdict: Verdict, timeoutMs: number, forced: boolean): DeployError {
  const running = verdict.undrained.map(
    (one) =>
      `${one.dyno} (${one.state === 'silent' ? 'not heard of any more' : `${count(one.running, 'job')} running${one.note ? `, ${one.note}` : ''}`})`,
  )
  const short = verdict.short.map(({ type, have, need }) => `${have} of ${need} ${type} participants present`)
  const advice = forced
    ? 'The drain handler does not heed its signal: make it abort and store the jobs.'
    : running.length > 0
      ? 'Raise drain-timeout above the longest job, or choose `on-drain-timeout: force` (jobs are aborted and stored) or `deploy` (jobs may be killed).'
      : 'A process ended during the drain, and Heroku has not started it again: `heroku ps` and `heroku logs` tell why.'
  return new DeployError(
    'drain-timeout',
    `Not drained within ${formatDuration(timeoutMs)}${forced ? ', nor after they were told to abort' : ''}: ${[...(running.length > 0 ? [enumerate(running, MOST_NOTES)] : []), ...short].join(', ')}.`,
    `Nothing was pushed, and the clock goes on. ${advice}`,
  )
}

export function neverOpened(why: string): DeployError {
  return new DeployError(
    'drain-timeout',
    `Everybody was drained, but the gate did not open: ${why}. ${BACK}`,
    'The connection between the named process and Redis is too slow or broken. Run the deploy again; if it repeats, look at the process: `heroku logs`.',
  )
}

/** How a lease came to be lost. */
export function lossOf(why: LeaseLoss, asker: string): string {
  return {
    missing:
      'The drain request is gone from Redis: it was restarted without its data, flushed, or the key was evicted.',
    superseded: `Another deploy took the gate over: ${describeAsker(asker)}.`,
    finished: 'The drain was ended by somebody else, by the post step of this job or by deploy-gate resume.',
    lapsed:
      'The drain ran out before it could be renewed: this process was stopped or cut off from Redis for too long, or the clock of the Redis server was set forward.',
    unreachable: 'Redis could not be reached for so long that the drain ran out.',
    'set-back':
      "The clock of the Redis server was set back, so that nobody can tell how long the clock's hold lasts.",
  }[why]
}

/** What to do about it. */
export const AFTER_A_LOSS =
  'Run the deploy again. If it repeats, look at the Redis: its memory policy, its maintenance, its log.'

export function leaseLost(why: LeaseLoss, asker: string): DeployError {
  return new DeployError(
    'lease-lost',
    `${lossOf(why, asker)} Held participants resume by themselves.`,
    AFTER_A_LOSS,
  )
}

export function clockNotSeen(types: readonly string[], waitMs: number, release: string): DeployError {
  return new DeployError(
    'clock-not-seen',
    `${release} is released, but no ${types.join(', no ')} of it joined the gate within ${formatDuration(waitMs)}.`,
    'The new clock may not be running: `heroku ps` and `heroku logs` tell. If it is only slow to boot, raise wait-for-clock.',
  )
}

export function clockUnknown(types: readonly string[], cause: Error, release: string): DeployError {
  return new DeployError(
    'clock-not-seen',
    `${release} is released, but Redis could not be reached (${cause.message}), so it is not known whether its ${types.join(' and ')} runs.`,
    'Look at it now: `heroku ps` and `heroku logs`.',
    { cause },
  )
}

/** Who keeps the gate shut, for a line in the log. */
export function blockers(who: readonly Blocker[]): string {
  return enumerate(who.map(describe))
}

function describe({ why, dyno, type, detail }: Blocker): string {
  switch (why) {
    case 'silent':
      return `${dyno} has not been heard of for ${formatDuration(Number(detail))}`
    case 'gone':
      return `${dyno} is gone from the roster`
    case 'short-hold':
      return `${dyno} is held for ${formatDuration(Number(detail))} only`
    case 'too-few':
      return `${detail.replace('/', ' of ')} ${type} participants are held`
    case 'short-lease':
      return 'the own lease is about to end'
    case 'version':
      return `${dyno} speaks version ${detail} of the drain protocol`
    case 'set-back':
      return `${dyno} has not answered since the clock of the Redis server was set back`
    case 'unanswered':
      return `${dyno} has not answered`
    default:
      return `${dyno} is ${why}`
  }
}
