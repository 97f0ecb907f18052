import { reportHold } from '../deploy/hold-report.ts'
import { releaseOf, takingPart } from '../deploy/quiet/taking-part.ts'
import { holdOpen, underGate } from '../deploy/under-gate.ts'
import { formatDuration } from '../duration.ts'
import { enumerate } from '../enumerate.ts'
import { newDeployId, type Surroundings } from '../gate/gate.ts'
import type { Hold } from '../gate/hold.ts'
import { type TakenDeploy, takeAnnouncement } from '../gate/take.ts'
import { DeployError } from '../outcome.ts'
import { type CommandEnd, commandProblem, runCommand } from '../process/command.ts'
import { systemTime } from '../time.ts'
import { atGate } from './at-gate.ts'
import { attend } from './attended.ts'
import { isAttended } from './attended-options.ts'
import { type Command, EXIT } from './command.ts'
import { DRAIN_HELP, type DrainRequest, readAttendedRequest, readDrainRequest } from './drain-options.ts'
import { type Interrupts, interruptible } from './interrupts.ts'
import { jsonLine, stderrLog } from './print.ts'

/** How a drain ended well, or what is known of its program; failures are DeployErrors. */
interface Ending {
  readonly code: number
  readonly outcome: 'held' | 'released' | 'command-failed'
  readonly message: string
  readonly command?: CommandEnd
  readonly hold?: { readonly seconds: number; readonly until: string; readonly untold: readonly string[] }
}

export const command: Command = {
  help: DRAIN_HELP,
  async run(args) {
    if (isAttended(args)) {
      const readRequest = () => readAttendedRequest(args, process.env)
      return await interruptible(stderrLog, ({ signal }) => attend(readRequest, signal), true)
    }
    const request = readDrainRequest(args, process.env)
    const { meanwhile } = request
    if (meanwhile.kind === 'run') {
      const problem = await commandProblem({ program: meanwhile.program, ...own() })
      if (problem) {
        stderrLog.warning(`${problem.problem}. Nobody was asked to drain`)
        return problem.code
      }
    }
    return await interruptible(stderrLog, (interrupts) => drain(request, interrupts))
  },
}

async function drain(request: DrainRequest, interrupts: Interrupts): Promise<number> {
  const { place, json } = request
  const around = { log: stderrLog, signal: interrupts.signal, asks: true }
  let hold: Hold | undefined
  const print = (ending: object) => {
    if (json) process.stdout.write(jsonLine({ gate: place.gateName, ...ending, ...reportHold(hold) }))
  }
  try {
    const { code, ...ending } = await atGate(place, around, async (gate, reading) => {
      const taken = await reading(() => takeReleasePhase(gate, request))
      try {
        const { terms, asker } = taken ?? request
        const there = await reading(() => takingPart(gate, place.gateName, asker, terms))
        const follow = async (one: Hold) => {
          hold = one
          await taken?.confirm()
        }
        const id = taken?.id ?? newDeployId()
        const asked = { id, terms, asker, replaces: releaseOf(there), follow, followed: taken !== undefined }
        return request.meanwhile.kind === 'run'
          ? await runUnderGate(gate, asked, request.meanwhile, interrupts)
          : await holdForAWhile(gate, asked, request.meanwhile.holdMs)
      } catch (error) {
        await taken?.failed(error)
        throw error
      }
    })
    stderrLog.info(ending.message)
    print(ending)
    return code
  } catch (error) {
    if (error instanceof DeployError) {
      const cancelled = error === interrupts.signal.reason
      const next = cancelled ? 'Nothing was run, and who had been asked to drain goes on.' : error.next
      if (cancelled) stderrLog.info(`${error.message} ${next}`)
      print({ outcome: error.outcome, message: error.message, next })
    }
    throw error
  }
}

/** The deploy that this release phase drains for, if this is one and a deploy is announced. */
async function takeReleasePhase(
  gate: Surroundings,
  { releasePhase, given, meanwhile }: DrainRequest,
): Promise<TakenDeploy | undefined> {
  if (releasePhase === undefined) return undefined
  const taken = await takeAnnouncement(gate, { ...releasePhase, given })
  if (taken === undefined) {
    const end =
      meanwhile.kind === 'hold'
        ? `nobody ends its hold before its ${formatDuration(meanwhile.holdMs)} are over, if this release fails`
        : 'it ends with the command'
    gate.log.info(`no deploy is announced for this release, so this drain stands alone: ${end}`)
  }
  return taken
}

async function runUnderGate(
  gate: Surroundings,
  asked: Parameters<typeof underGate>[1],
  { program, args }: { readonly program: string; readonly args: readonly string[] },
  interrupts: Interrupts,
): Promise<Ending> {
  const work = () =>
    interrupts.relaying((onStart) => {
      gate.log.info(`the gate is open: running ${program}`)
      return runCommand({ program, args, ...own(), onStart }, { time: systemTime, signal: interrupts.signal })
    })
  const command = await underGate(gate, asked, work, ({ code }) => code === 0)
  const { code, signal, problem } = command
  const how = problem ?? (signal ? `${program} was ended by ${signal}` : `${program} ended with ${code}`)
  const stay = asked.followed ? 'stay held for the deploy that is announced' : 'stay quiet for their SIGTERM'
  return code === 0
    ? { code, outcome: 'released', command, message: `${how}: the held ${stay}` }
    : { code, outcome: 'command-failed', command, message: `${how}: the held were told to go on` }
}

async function holdForAWhile(
  gate: Surroundings,
  asked: Parameters<typeof holdOpen>[1],
  holdMs: number,
): Promise<Ending> {
  const numbers = { ...gate.numbers, pushLeaseMs: holdMs }
  const { leftMs, untold } = await holdOpen({ ...gate, numbers }, asked)
  if (untold.length > 0) {
    const they =
      untold.length === 1 ? 'has not been heard of since it was' : 'have not been heard of since they were'
    gate.log.warning(`${enumerate(untold)} ${they} held, and may go on within a minute`)
  }
  const until = new Date(Date.now() + leftMs).toISOString()
  const earlier = asked.followed
    ? 'The deploy that is announced ends it earlier, or keeps it up'
    : 'deploy-gate resume ends it earlier'
  return {
    code: EXIT.done,
    outcome: 'held',
    message: `held for ${formatDuration(leftMs)}, until ${until.slice(0, 19)}Z. ${earlier}`,
    hold: { seconds: Math.floor(leftMs / 1_000), until, untold },
  }
}

/** A program runs where this one does, with what this one was given. */
function own(): { readonly cwd: string; readonly env: Readonly<Record<string, string>> } {
  const env = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  )
  return { cwd: process.cwd(), env: Object.fromEntries(env) }
}
