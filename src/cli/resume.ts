import { formatDuration } from '../duration.ts'
import { describeAsker, readAsker } from '../gate/asker.ts'
import { type EndedDrain, endDrain, isAttended } from '../gate/end-drain.ts'
import type { Numbers } from '../gate/numbers.ts'
import { DeployError } from '../outcome.ts'
import { type Intent, isInForce, look } from '../protocol/look.ts'
import { PROTOCOL_VERSION } from '../protocol/row.ts'
import { atGate } from './at-gate.ts'
import { type Command, EXIT } from './command.ts'
import { GATE_HELP, GATE_OPTIONS, type GatePlace, readGatePlace } from './gate-options.ts'
import { interruptible } from './interrupts.ts'
import { readOptions } from './options.ts'
import { isoTime, jsonLine, stderrLog } from './print.ts'

const HELP = `Usage: deploy-gate resume [options]

Ends the drain that is in force at the gate, whoever asked for it, and waits
until all who are held schedule again. A drain whose deploy is still at work is
ended only with --force.

  --force                     end it even though its deploy is still at work
  --json                      what was ended and who resumed, as JSON on
                              standard output
${GATE_HELP}`

const OPTIONS = { ...GATE_OPTIONS, force: { type: 'boolean' } } as const

export const command: Command = {
  help: HELP,
  async run(args) {
    const { values } = readOptions(args, OPTIONS)
    const place = readGatePlace(values, process.env)
    const { force = false, json = false } = values
    return await interruptible(stderrLog, async ({ signal }) => {
      const ending = await atGate(place, { log: stderrLog, signal }, async (gate, reading) => {
        const { intent, ...view } = await reading(() => look(gate.host, gate.keys))
        if (!intent || !isInForce(intent, view.now)) {
          stderrLog.info(`no drain is in force at the gate "${place.gateName}"`)
          return { ended: false, resumed: [], waiting: [] }
        }
        refuseForeign(intent)
        if (!force) refuseWhileAttended(intent, view.now, gate.numbers)
        stderrLog.info(`ending ${describe(intent, view.now)}`)
        return { ...(await endDrain(gate, { ...view, intent })), intent }
      })
      if (json) process.stdout.write(jsonLine(reportOf(place, ending)))
      return tell(ending)
    })
  },
}

interface Ending extends EndedDrain {
  /** what was found in force */
  readonly intent?: Intent
}

/** @throws DeployError (`failed`) */
function refuseForeign({ v }: Intent): void {
  if (v === PROTOCOL_VERSION) return
  throw new DeployError(
    'failed',
    `The drain in force is of version ${v} of the drain protocol, and this command speaks version ${PROTOCOL_VERSION}.`,
    'End it with the deploy-gate that asked for it, or wait for the end of its lease.',
  )
}

/** @throws DeployError (`busy`) */
function refuseWhileAttended(intent: Intent, now: number, numbers: Numbers): void {
  if (!isAttended(intent, now, numbers)) return
  const harm =
    intent.phase === 'pushing'
      ? 'Its push is under way: everybody would go on, and be told to end in the middle of it'
      : 'It would fail'
  throw new DeployError(
    'busy',
    `A deploy is at work: ${describe(intent, now)}. ${harm}.`,
    'Cancel it where it runs, and it gives everybody back. If it is gone, wait for a minute without a renewal of its lease. To end it all the same, add --force.',
  )
}

function describe({ asker, phase, began }: Intent, now: number): string {
  return `the drain of ${describeAsker(asker)} (phase ${phase}, asked for ${formatDuration(now - began)} ago)`
}

function tell({ ended, resumed, waiting, intent }: Ending): number {
  if (intent && !ended) stderrLog.info('it had ended by itself in the meantime')
  if (ended && resumed.length + waiting.length === 0) stderrLog.info('nobody was held')
  for (const { dyno, silent } of waiting) {
    stderrLog.warning(
      silent
        ? `${dyno} has not been heard of any more: look at it with heroku ps`
        : `${dyno} has not said that it schedules again: look at its log with heroku logs --dyno ${dyno}`,
    )
  }
  return waiting.length > 0 ? EXIT.refused : EXIT.done
}

function reportOf({ gateName }: GatePlace, { ended, intent, resumed, waiting }: Ending) {
  return {
    gate: gateName,
    ended,
    ...(intent && { phase: intent.phase, asker: readAsker(intent.asker), since: isoTime(intent.began) }),
    resumed,
    waiting: waiting.map(({ dyno }) => dyno),
  }
}
