import { newDeployId } from '../../gate/gate.ts'
import type { Log } from '../../log.ts'
import type { Expected } from '../expected.ts'
import type { DeployPlan } from '../plan.ts'
import type { Story } from '../story.ts'
import type { DynoCommand, DynoSession, Heroku, Surroundings, Target } from '../surroundings.ts'
import { AttendedDrain } from './attended-drain.ts'
import { drainCommand } from './dyno-command.ts'
import { whyEnded } from './dyno-trouble.ts'
import { termsOf } from './protocol.ts'
import type { Quiet } from './quiet.ts'
import { ToldDrain } from './told-drain.ts'

/** Of the output of a command that has not said why it ended. */
const MOST_LINES = 5

/**
 * Has everybody drain, asked from a one-off dyno of the app, which reaches a Redis that can't be reached from here. The post step has
 * nothing to do: whatever ends this process ends the dyno's input, and with it the drain.
 * @throws DeployError when the gate does not open; whoever was asked goes back to work
 */
export async function quietByDyno(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
  target: Pick<Target, 'commit' | 'currentRelease'>,
  who: Expected,
): Promise<Quiet> {
  const { heroku, group, time } = around
  const { app } = plan
  const { log } = story
  const asker = { ...plan.asker, app, ...(target.commit && { commit: target.commit }) }
  const asked = { id: newDeployId(), asker, terms: termsOf(plan, who) }
  const command = drainCommand(plan, asked, target.currentRelease)
  const told: ToldDrain = new ToldDrain(time, () => story.follow(told))
  const lastLines: string[] = []
  const onLine = (line: string) => {
    if (told.take(line)) return
    lastLines.push(line)
    lastLines.splice(0, lastLines.length - MOST_LINES)
    tell(log, line)
  }
  await using scope = new AsyncDisposableStack()
  const session = await group('One-off dyno', () => start(heroku, command, onLine, signal))
  const { dyno } = session
  const why = (code: number) => whyEnded(told, { dyno, app, code, lastLines })
  const drain = scope.use(new AttendedDrain(session, told, why, { app, log, time, signal }))
  story.stage = 'draining'
  await group(`Drain in ${dyno}`, () => drain.opened())
  const kept = scope.move()
  return {
    deployed: '',
    // What the dyno has to say meanwhile it says by itself.
    during: (publish) => publish(),
    released: () => drain.released(story.rollback ?? story.release ?? ''),
    successor: (waitMs, release, over) => drain.successor(waitMs, release, over),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** A session that outlives `signal`, once it is there: before it ends, everybody must have been given back. */
async function start(
  heroku: Heroku,
  command: DynoCommand,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<DynoSession> {
  signal.throwIfAborted()
  const starting = new AbortController()
  const abort = () => starting.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await heroku.inDyno(command, onLine, starting.signal)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** As the command's own log has it: see `cli/print.ts`. */
export function tell(log: Log, line: string): void {
  const [, warning, text] = /^deploy-gate: (warning: )?(.*)$/.exec(line) ?? []
  if (text === undefined) log.info(line)
  else if (warning) log.warning(text)
  else log.info(text)
}
