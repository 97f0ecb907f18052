import { gateKeys } from '../protocol/keys.ts'
import { backgroundTime, type Time } from '../time.ts'
import type { Handlers } from './handlers.ts'
import { LINK_TERMS, openLink } from './link.ts'
import { NUMBERS, type Numbers } from './numbers.ts'
import { identify, type JoinOptions } from './options.ts'
import { consoleLog, unfailing } from './own-log.ts'
import { Participant } from './participant.ts'

/** A process that takes part. */
export interface Participation {
  /** `$DYNO` and a random part: another one after each boot */
  readonly id: string
  /** `booting`, `running`, `draining`, `drained`, `failed` or `exited` */
  readonly state: string
  /** Drains for the end of the process, says goodbye and disconnects. SIGTERM does it by itself unless `handleSigterm` is false. */
  leave(): Promise<void>
}

/** A process that takes part, and has not asked at the barrier yet. */
export interface Entry {
  readonly participation: Participation
  /** Resolves when scheduling may start; never, if it leaves before that. */
  start(): Promise<void>
}

/**
 * Takes part in the app's gate. Start your scheduler after it resolved: a process that boots into a deploy is held until then.
 * Resolves within 5 s if Redis can't be reached.
 * @throws Error for a missing or wrong option, naming it
 */
export async function join(handlers: Handlers, options: JoinOptions = {}): Promise<Participation> {
  const { participation, start } = enter(handlers, options)
  if (options.handleSigterm ?? true) onSigterm(participation.leave)
  await start()
  return participation
}

/** What a participant lives by. */
const REALITY = {
  env: process.env,
  time: backgroundTime as Time,
  numbers: NUMBERS as Numbers,
  terms: LINK_TERMS,
}

/** The same, for whoever must be able to leave while it waits at the barrier; SIGTERM is its own affair. */
export function enter(
  handlers: Handlers,
  options: JoinOptions = {},
  { env, time, numbers, terms }: typeof REALITY = REALITY,
): Entry {
  const { address, trust, gateName, ...who } = identify(options, env)
  const log = options.log ? unfailing(options.log) : consoleLog
  const keys = gateKeys(gateName)
  const link = openLink(address, trust, keys.doorbell, log, () => participant.ring(), terms)
  const participant = new Participant(who, handlers, {
    host: link.host,
    deaf: () => link.deaf,
    keys,
    time,
    log,
    numbers,
  })
  let left: Promise<void> | undefined
  const leave = () => {
    left ??= (async () => {
      await participant.leave()
      try {
        await handlers.leave?.()
      } catch (error) {
        log.warning(`the leave handler failed: ${String(error)}`)
      }
      link.close()
    })()
    return left
  }
  const participation = {
    id: participant.id,
    get state() {
      return participant.state
    },
    leave,
  }
  return { participation, start: () => participant.start() }
}

/** Drains at SIGTERM, then lets the signal do what it would have done, so that the exit status stays true. */
function onSigterm(leave: () => Promise<void>): void {
  const listener = async () => {
    await leave()
    process.removeListener('SIGTERM', listener)
    // An app that listens for the signal itself decides for itself when to end.
    if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM')
  }
  process.on('SIGTERM', listener)
}
