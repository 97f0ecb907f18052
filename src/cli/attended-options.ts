import { type AnnouncedDeploy, readAnnouncement } from '../gate/announcement.ts'
import { PROTOCOL_VERSION } from '../protocol/row.ts'
import { quote } from '../quote.ts'
import { UsageError } from './command.ts'

/** The options of a drain that is attended by a program. */
export const ATTENDED_OPTIONS = {
  attended: { type: 'boolean' },
  announced: { type: 'string' },
  replaces: { type: 'string' },
} as const

/** What the program that attends says of the deploy beforehand. */
export interface Attended {
  /** its name, who asks, and the terms where no option says otherwise */
  readonly announced?: AnnouncedDeploy
  /** the release that runs now, `v42` */
  readonly replaces?: string
}

/** Whether a drain's command line says that it is attended, be it right otherwise or not. */
export function isAttended(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end < 0 ? undefined : end).includes('--attended')
}

interface Values {
  readonly announced?: string
  readonly replaces?: string
  readonly hold?: string
  readonly json?: boolean
}

/** @throws UsageError for options that only a program gives that attends */
export function refuseUnattended({ announced, replaces }: Values): void {
  for (const [name, value] of Object.entries({ announced, replaces })) {
    if (value !== undefined) throw new UsageError(`--${name} goes with --attended only.`)
  }
}

/** @throws UsageError */
export function readAttended(
  { announced: text, replaces, hold, json }: Values,
  program: readonly string[] | undefined,
): Attended {
  if (program) throw new UsageError('--attended goes without a program: standard input says what happens.')
  for (const [name, value] of Object.entries({ hold, json })) {
    if (value !== undefined) throw new UsageError(`--attended and --${name} don't go together.`)
  }
  if (replaces !== undefined && !/^v\d{1,9}$/.test(replaces))
    throw new UsageError(`--replaces is ${quote(replaces)}. Expected a release, such as v42.`)
  const announced = text === undefined ? undefined : readAnnouncement(text)
  if (text !== undefined && announced === undefined)
    throw new UsageError(
      `--announced is ${quote(text)}. Expected a deploy as version ${PROTOCOL_VERSION} of the drain protocol announces one: docs/protocol.md.`,
    )
  return { ...(announced && { announced }), ...(replaces !== undefined && { replaces }) }
}
