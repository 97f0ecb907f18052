import { parseProcesses } from '../deploy/processes.ts'
import { DURATION_RULE, formatDuration, parseDuration } from '../duration.ts'
import { NUMBERS } from '../gate/numbers.ts'
import { mergeTerms } from '../gate/take.ts'
import type { Asker, DrainTerms } from '../gate/terms.ts'
import { quote } from '../quote.ts'
import { askerOf, dynoCommit, releasePhase } from './asker.ts'
import { ATTENDED_OPTIONS, readAttended, refuseUnattended } from './attended-options.ts'
import { UsageError } from './command.ts'
import { GATE_HELP, GATE_OPTIONS, type GatePlace, oneOf, readGatePlace } from './gate-options.ts'
import { readOptions } from './options.ts'

export const DRAIN_HELP = `Usage: deploy-gate drain [options] [-- program arguments]

Asks the app's processes to drain: start nothing new, finish what runs, store
the rest, acknowledge. With a program, runs it while they are held: if it ends
with 0, they stay quiet for the SIGTERM that the new release brings; otherwise
they go back to work. Without one, leaves them held for as long as --hold says.

  --processes LIST            process types that must drain; worker=3 demands at
                              least three. Default: clock
  --timeout DURATION          by when all must be drained. Default: 5m. Also as
                              --drain-timeout
  --acknowledge-timeout DURATION
                              by when each must have accepted. Default: 30s, or
                              --timeout if that is less
  --on-timeout fail|force|deploy
                              what then: give up; have them abort and store what
                              runs; go on all the same. Default: fail. Also as
                              --on-drain-timeout
  --on-missing-clock fail|deploy
                              what if nobody of a type is there. Default: fail
  --hold DURATION             without a program: for how long they stay held, 1m
                              to 1h. Default: 10m
  --by TEXT                   who asks, for others to read. Default: the GitHub
                              job, the dyno, or user@host
  --json                      how it ended, as JSON, as the last line of
                              standard output
  --attended                  without a program: leaves them held until standard
                              input says how the release went. For the Action,
                              docs/cli.md; so are --announced JSON and
                              --replaces RELEASE
${GATE_HELP}
In a release phase it drains for the deploy that the Action has announced, on
the terms of that one where none are given here, and leaves the held to it.

Durations are like 90s, 5m or 1h.
Example: deploy-gate drain -- git push heroku main
`

const OPTIONS = {
  ...GATE_OPTIONS,
  processes: { type: 'string' },
  timeout: { type: 'string' },
  'drain-timeout': { type: 'string' },
  'acknowledge-timeout': { type: 'string' },
  'on-timeout': { type: 'string' },
  'on-drain-timeout': { type: 'string' },
  'on-missing-clock': { type: 'string' },
  hold: { type: 'string' },
  by: { type: 'string' },
  ...ATTENDED_OPTIONS,
} as const

/** A lease of less would not outlast the drain's own, and no participant stays held for longer whatever is asked. */
const HOLD_MS = { least: NUMBERS.drainLeaseMs, most: NUMBERS.maxHoldMs }
/** As of the Action's inputs: no timer runs longer than 24 days. */
const LONGEST_MS = 24 * 3_600_000

/** One drain as it was asked for: every option resolved and valid, nothing touched yet. */
export interface DrainRequest {
  readonly place: GatePlace
  readonly terms: DrainTerms
  /** those of the terms that were given: the others give way to a deploy that is announced */
  readonly given: Partial<DrainTerms>
  readonly asker: Asker
  /** the release phase that this is, on which dyno and of which commit, where that is known; absent elsewhere */
  readonly releasePhase?: { readonly dyno: string; readonly commit?: string }
  readonly json: boolean
  /** what is done while everybody is held: a program with its arguments, or nothing, for so many ms */
  readonly meanwhile:
    | { readonly kind: 'run'; readonly program: string; readonly args: readonly string[] }
    | { readonly kind: 'hold'; readonly holdMs: number }
}

/** One drain that is attended by a program, which says what becomes of the held. */
export interface AttendedRequest extends Pick<DrainRequest, 'place' | 'terms' | 'asker'> {
  /** the deploy's own name, where it was given one */
  readonly id?: string
  /** the release that runs now, `v42`, where that was given */
  readonly replaces?: string
}

/** @throws UsageError, DeployError (`preflight-failed`) */
export function readDrainRequest(args: readonly string[], env: NodeJS.ProcessEnv): DrainRequest {
  const { values, program } = readOptions(args, OPTIONS)
  refuseUnattended(values)
  const { terms, given } = readTerms(values)
  if (program && values.hold !== undefined) {
    throw new UsageError('--hold goes without a program: with one, everybody is held until it ends.')
  }
  const [name = '', ...rest] = program ?? []
  const holdMs = duration('hold', values.hold ?? '10m', HOLD_MS)
  const asker = askerOf(readBy(values), env)
  const [dyno, commit] = [releasePhase(env), dynoCommit(env)]
  return {
    place: readGatePlace(values, env),
    ...{ terms, given },
    ...(dyno && { releasePhase: { dyno, ...(commit && { commit }) } }),
    asker: { ...asker, ...(!program && { holds: true }) },
    json: values.json ?? false,
    meanwhile: program ? { kind: 'run', program: name, args: rest } : { kind: 'hold', holdMs },
  }
}

/** @throws UsageError, DeployError (`preflight-failed`) */
export function readAttendedRequest(args: readonly string[], env: NodeJS.ProcessEnv): AttendedRequest {
  const { values, program } = readOptions(args, OPTIONS)
  const { announced, replaces } = readAttended(values, program)
  const { terms, given } = readTerms(values)
  const asker = askerOf(readBy(values), env)
  return {
    place: readGatePlace(values, env),
    terms: announced ? mergeTerms(announced.terms, given) : terms,
    asker: announced?.asker ?? asker,
    ...(announced && { id: announced.id }),
    ...(replaces !== undefined && { replaces }),
  }
}

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values']

/** @returns also those of the terms that were given */
function readTerms(values: Values): Pick<DrainRequest, 'terms' | 'given'> {
  const { asked, problems } = parseProcesses(values.processes ?? 'clock')
  if (problems[0] !== undefined) throw new UsageError(`--processes ${problems[0]}.`)
  const timeout = oneOf(values, 'timeout', 'drain-timeout')
  const onTimeout = oneOf(values, 'on-timeout', 'on-drain-timeout')
  const onMissing = oneOf(values, 'on-missing-clock')
  const drainTimeoutMs = timeout ? duration(timeout.name, timeout.value) : 300_000
  const acknowledge = values['acknowledge-timeout']
  const acknowledgeTimeoutMs =
    acknowledge === undefined
      ? Math.min(30_000, drainTimeoutMs)
      : duration('acknowledge-timeout', acknowledge, {
          most: drainTimeoutMs,
          why: 'the drain itself may take',
        })
  const onDrainTimeout = choice(onTimeout, ['fail', 'force', 'deploy'])
  const onMissingClock = choice(onMissing, ['fail', 'deploy'])
  return {
    terms: { asked, acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock },
    given: {
      ...(values.processes !== undefined && { asked }),
      ...(acknowledge !== undefined && { acknowledgeTimeoutMs }),
      ...(timeout && { drainTimeoutMs }),
      ...(onTimeout && { onDrainTimeout }),
      ...(onMissing && { onMissingClock }),
    },
  }
}

function readBy(values: Values): string | undefined {
  const by = values.by?.trim()
  if (by === undefined || /^\P{Cc}{1,200}$/u.test(by)) return by
  throw new UsageError(`--by is ${quote(by)}. Expected one line of 1 to 200 characters.`)
}

/** @returns ms */
function duration(
  name: string,
  value: string,
  { least = 1_000, most = LONGEST_MS, why }: { least?: number; most?: number; why?: string } = {},
): number {
  const ms = parseDuration(value)
  if (ms === undefined) throw new UsageError(`--${name} is ${quote(value)}. Expected ${DURATION_RULE}.`)
  if (ms >= least && ms <= most) return ms
  const limits = `from ${formatDuration(least)} to ${formatDuration(most)}${why ? `, which is what ${why}` : ''}`
  throw new UsageError(`--${name} is ${value}. Expected ${DURATION_RULE}, ${limits}.`)
}

function choice<const T extends string>(
  given: { readonly name: string; readonly value: string } | undefined,
  accepted: readonly [T, ...T[]],
): T {
  if (given === undefined) return accepted[0]
  const found = accepted.find((one) => one === given.value)
  if (found !== undefined) return found
  const all = accepted.join(', ').replace(/, ([^,]*)$/, ' or $1')
  throw new UsageError(`--${given.name} is ${quote(given.value)}. Expected ${all}.`)
}
