import { formatDuration } from '../duration.ts'
import { DeployError } from '../outcome.ts'
import { ApiError, reasonOf } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import { withinLimit } from './time-limit.ts'

/** What is asked of the Platform API about a dyno that was started. */
export interface DynoApi {
  readonly appName: string
  /** undefined when there is none of that name */
  dyno(name: string, signal: AbortSignal): Promise<{ readonly state: string } | undefined>
  stopDyno(name: string, signal: AbortSignal): Promise<void>
}

/** What becomes of a one-off dyno of which the command has not told how it ended. */
export interface DynoFate {
  /**
   * Asks every 30 s whether the dyno is still there, and never resolves. Rejects with a GoneError when it is not, with a
   * DeployError `failed` when it has not joined after two minutes, and with the signal's reason.
   */
  watch(hasJoined: () => boolean, signal: AbortSignal): Promise<never>
  /**
   * Rejects with what is known when the connection has ended: a GoneError, a DeployError `failed`, or the signal's reason.
   * @param reason why it ended; absent when it ended in order
   */
  brokenOff(reason: string | undefined, signal: AbortSignal): Promise<never>
  /**
   * Ends the dyno, as far as that can be done within 5 s. Never rejects.
   * @param lastWords resolves when its output has ended: what a command has to say at its end is waited for, within those 5 s
   */
  stop(lastWords?: Promise<unknown>): Promise<void>
}

/** The command has told nothing, and its dyno is gone: nothing is left to be stopped. */
export class GoneError extends DeployError {}

/** A command may be silent for as long as it likes, and so may a dead connection: the API knows which of the two it is. */
const LOOK_MS = 30_000
/** One look may come too early (a new dyno) or too soon (its last output is on its way). */
const LOOKS_IN_VAIN = 2
/** How long a dyno may take until it joins; with a big slug it takes a good part of a minute. */
const JOIN_LIMIT_MS = 2 * 60_000
/** A cancelled job has 7.5 s until its runner asks for more. */
const STOP_LIMIT_MS = 5_000
/** The states of a dyno in which no command runs. */
const ENDED_STATES = ['crashed', 'down', 'complete']

/** @param dyno one that was started this moment */
export function createDynoFate(
  api: DynoApi,
  dyno: { readonly name: string; readonly timeToLiveSec?: number | undefined },
  { log, time }: Pick<Collaborators, 'log' | 'time'>,
): DynoFate {
  const { name, timeToLiveSec } = dyno
  const began = time.now()
  const next = `See what Heroku has logged about it: \`heroku logs --dyno ${name} --app ${api.appName}\`.`

  async function isGone(signal: AbortSignal): Promise<boolean> {
    const found = await api.dyno(name, signal)
    return found === undefined || ENDED_STATES.includes(found.state)
  }

  function gone(what: string): GoneError {
    const lived = timeToLiveSec !== undefined && time.now() - began >= timeToLiveSec * 1_000
    const cause = lived ? `: its time to live of ${formatDuration(timeToLiveSec * 1_000)} was over` : ''
    return new GoneError('failed', `${what} The dyno is gone${cause}.`, next)
  }

  return {
    async watch(hasJoined, signal) {
      let inVain = 0
      let unanswered = false
      for (;;) {
        await time.sleep(LOOK_MS, signal)
        try {
          inVain = (await isGone(signal)) ? inVain + 1 : 0
        } catch (error) {
          if (!(error instanceof ApiError)) throw error
          // Without an answer nothing speaks against the connection.
          if (!unanswered) log.warning(`${error.message} The output of ${name} is still waited for`)
          unanswered = true
        }
        if (inVain >= LOOKS_IN_VAIN) throw gone(`${name} has not told how its command ended.`)
        if (hasJoined()) continue
        const waitedMs = time.now() - began
        if (waitedMs >= JOIN_LIMIT_MS) {
          throw new DeployError('failed', `${name} has not started within ${formatDuration(waitedMs)}.`, next)
        }
        log.info(`${name} is still starting after ${formatDuration(waitedMs)}`)
      }
    },

    async brokenOff(reason, signal) {
      const why = reason === undefined ? '' : ` (${reason})`
      const what = `The connection to ${name} broke off before it told how its command ended${why}.`
      try {
        if (await isGone(signal)) throw gone(what)
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        throw new DeployError('failed', `${what} Nor does Heroku tell: ${error.message}`, next, {
          cause: error,
        })
      }
      throw new DeployError('failed', `${what} The dyno was still running, and is stopped.`, next)
    },

    async stop(lastWords) {
      log.info(`Stopping ${name}`)
      const limited = { time, signal: new AbortController().signal }
      let isStopped = false
      try {
        await withinLimit(STOP_LIMIT_MS, limited, async (limit) => {
          await api.stopDyno(name, limit)
          isStopped = true
          await Promise.race([lastWords, aborted(limit)])
        })
      } catch (error) {
        if (isStopped || (error instanceof ApiError && error.status === 404)) return
        const reason = error instanceof ApiError ? error.message : `${reasonOf(error)}.`
        const wait =
          timeToLiveSec === undefined
            ? ''
            : `, or wait: it lives for ${formatDuration(timeToLiveSec * 1_000)}`
        const advice = `Stop it with \`heroku ps:stop ${name} --app ${api.appName}\`${wait}`
        log.warning(`${name} could not be stopped: ${reason} ${advice}`)
      }
    },
  }
}

/** Rejects with the signal's reason when it aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
