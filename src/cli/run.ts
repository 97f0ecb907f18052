import { DURATION_RULE, formatDuration, parseDuration } from '../duration.ts'
import { enter } from '../participant/join.ts'
import { NUMBERS } from '../supervisor/numbers.ts'
import { logTo, Output } from '../supervisor/output.ts'
import type { Settings } from '../supervisor/settings.ts'
import { dieOf, onSignals } from '../supervisor/signals.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import { systemTime } from '../time.ts'
import { type Command, UsageError } from './command.ts'
import { GATE_HELP, PLACE_OPTIONS, readGatePlace } from './gate-options.ts'
import { readOptions } from './options.ts'

/** Signals by which a program can be asked to end. */
const SIGNALS = ['TERM', 'INT', 'QUIT', 'HUP', 'USR1', 'USR2', 'WINCH'] as const

const help = `Usage: deploy-gate run [options] -- program arguments

Runs a program, in whatever language, behind the app's gate: it is started when no deploy is under way, asked to end when one
comes, waited for as long as its jobs take, and started again if the deploy fails. Ends as the program ends.

  --drain-signal NAME      asks the program to finish its jobs and end (TERM)
  --force-signal NAME      tells it to abort and store its jobs: when a drain's time is up, and 20 s after SIGTERM (the drain signal again)
  --kill-after DURATION    from the force signal of a drain to SIGKILL (10s)
  --signal-group           signals go to the program's whole process group, for a shell around it that does not pass them on
  --progress fd|stdout     reads how far the jobs are, as lines of JSON: from the descriptor that DEPLOY_GATE_FD names, or from lines of
                           standard output that begin with "deploy-gate: "
${GATE_HELP}
Signals are ${SIGNALS.join(', ')}. All of it: docs/supervisor.md
`

export const command: Command = {
  help,
  async run(args) {
    const { values, program } = readOptions(args, {
      'drain-signal': { type: 'string' },
      'force-signal': { type: 'string' },
      'kill-after': { type: 'string' },
      'signal-group': { type: 'boolean' },
      progress: { type: 'string' },
      ...PLACE_OPTIONS,
    })
    if (!program) throw new UsageError('there is no program to run. Give it after --.')
    if (process.platform === 'win32')
      throw new UsageError('a program can be supervised on Linux and macOS only: Windows has no signals.')
    const drainSignal = readSignal('--drain-signal', values['drain-signal']) ?? 'SIGTERM'
    const settings: Settings = {
      program,
      drainSignal,
      forceSignal: readSignal('--force-signal', values['force-signal']) ?? drainSignal,
      killAfterMs: readKillAfter(values['kill-after']),
      signalGroup: values['signal-group'] ?? false,
      ...readProgress(values.progress),
    }
    // The participant reads the URL itself; here it is checked, in the words of a command line.
    const { gateName, destination } = readGatePlace(values, process.env)
    const { verify, pins } = destination.trust
    const options = {
      gateName,
      verifyCertificate: verify,
      ...(pins && { certificateFingerprint: pins.join() }),
    }

    const [output, errors] = [new Output(1, systemTime), new Output(2, systemTime)]
    const log = logTo(errors)
    const supervisor = new Supervisor(settings, {
      time: systemTime,
      log,
      output,
      enter: (handlers, told) => enter(handlers, { ...options, log: told }),
    })
    onSignals((name) => supervisor.signal(name))
    process.once('exit', () => supervisor.abandon())
    const { code, signal } = await supervisor.run()
    await Promise.all([output.idle(), errors.idle()])
    if (signal !== undefined) dieOf(signal)
    return code
  },
}

function readSignal(option: string, given: string | undefined): NodeJS.Signals | undefined {
  if (given === undefined) return undefined
  const wanted = given.toUpperCase().replace(/^SIG/, '')
  const known = SIGNALS.find((name) => name === wanted)
  if (known === undefined)
    throw new UsageError(
      `${option} is ${JSON.stringify(given)}. Expected one of ${SIGNALS.join(', ')}, with or without SIG before it.`,
    )
  return `SIG${known}`
}

function readKillAfter(given: string | undefined): number {
  if (given === undefined) return NUMBERS.killAfterMs
  const ms = parseDuration(given)
  const most = NUMBERS.longestKillAfterMs
  if (ms === undefined || ms > most)
    throw new UsageError(
      `--kill-after is ${JSON.stringify(given)}. Expected ${DURATION_RULE}, ${formatDuration(most)} at the most: the deploy waits 30 s for whom it has forced.`,
    )
  return ms
}

function readProgress(given: string | undefined): Pick<Settings, 'progress'> {
  if (given === undefined) return {}
  if (given === 'fd' || given === 'stdout') return { progress: given }
  throw new UsageError(`--progress is ${JSON.stringify(given)}. Expected fd or stdout.`)
}
