import { oneLine } from '../one-line.ts'
import { DeployError } from '../outcome.ts'
import { createLineSplitter } from '../process/lines.ts'
import type { Collaborators } from './collaborators.ts'
import { createDynoFate, type DynoApi, GoneError } from './dyno-fate.ts'
import { markExit } from './exit-marker.ts'
import { attach, attachSecret, type Rendezvous } from './rendezvous.ts'

/** What is needed of the Platform API. */
export interface OneOffApi extends DynoApi {
  /** Starts a one-off dyno that waits for somebody who attaches. */
  runDyno(
    request: {
      readonly command: string
      readonly env?: Readonly<Record<string, string>>
      readonly timeToLiveSec?: number
      readonly size?: string
    },
    signal: AbortSignal,
  ): Promise<{ readonly name: string; readonly attachUrl: string }>
}

export interface OneOffCommand {
  /** as one would write it in bash; the process types of the Procfile are not known there */
  readonly command: string
  /** beside the app's config vars */
  readonly env?: Readonly<Record<string, string>>
  /** after how many seconds Heroku ends the dyno, whatever it does */
  readonly timeToLiveSec?: number
  /** `standard-1x`; the app's own when absent */
  readonly size?: string
  /** texts that its output shows as `***` */
  readonly mask?: readonly string[]
}

/** How a command ended. */
export interface OneOffRun {
  /** `run.1234` */
  readonly dyno: string
  /** the command's exit code; 128 + n when the signal n ended it */
  readonly code: number
}

/** A command that runs in a one-off dyno. Leaving its scope stops the dyno if the command still runs. */
export interface OneOffSession extends AsyncDisposable {
  /** `run.1234` */
  readonly dyno: string
  /** Writes a line, of less than 4,096 bytes, to the command's standard input. When it has ended, nothing happens. */
  write(line: string): void
  /**
   * Resolves with the exit code that the command has told. Rejects with a DeployError `failed` when it told none, whatever
   * the reason, or with the signal's reason; the dyno has been stopped by then.
   */
  readonly ended: Promise<OneOffRun>
}

type Around = Pick<Collaborators, 'env' | 'log' | 'time' | 'signal'>

/**
 * Runs a command in a one-off dyno of the app and resolves with how it ended.
 * @param onLine gets each line of its output: plain text, without escapes and without what is to be masked
 * @throws as `openInDyno`, and DeployError `failed` when the command told no exit code
 */
export async function runInDyno(
  api: OneOffApi,
  command: OneOffCommand,
  collaborators: Around,
  onLine: (line: string) => void,
): Promise<OneOffRun> {
  await using session = await openInDyno(api, command, collaborators, onLine)
  return await session.ended
}

/**
 * Starts a command in a one-off dyno of the app, and resolves when its input and output are attached. When that fails, or
 * the signal aborts, the dyno is stopped before it rejects.
 * @throws ApiError when Heroku starts no dyno, DeployError `failed` when it can't be attached to, or the signal's reason
 */
export async function openInDyno(
  api: OneOffApi,
  { command, mask = [], ...settings }: OneOffCommand,
  collaborators: Around,
  onLine: (line: string) => void,
): Promise<OneOffSession> {
  const { log, signal } = collaborators
  const marker = markExit(command)
  const dyno = await api.runDyno({ ...settings, command: marker.commandLine }, signal)
  const { name } = dyno
  log.info(`${name} is starting`)
  const fate = createDynoFate(api, { name, timeToLiveSec: settings.timeToLiveSec }, collaborators)
  const leaving = new AbortController()
  const scope = AbortSignal.any([signal, leaving.signal])
  const joined = Promise.withResolvers<void>()
  const told = Promise.withResolvers<OneOffRun>()
  const plain = plainLine([...mask, attachSecret(dyno.attachUrl)])
  let hasJoined = false
  let write: ((text: string) => void) | undefined
  let over = false

  const lines = createLineSplitter((line) => {
    // What follows the marker comes from processes that the command has left behind: they end with the dyno.
    if (over) return
    const end = marker.read(line)
    const shown = plain(end ? end.before : line)
    if (shown !== '') onLine(shown)
    if (!end) return
    over = true
    told.resolve({ dyno: name, code: end.code })
  })

  async function follow(): Promise<OneOffRun> {
    let connection: Rendezvous | undefined
    try {
      connection = await attach(dyno, { ...collaborators, signal: scope }, lines.write)
      write = connection.write
      void connection.joined.then(() => {
        hasJoined = true
        log.info(`${name} is attached`)
        joined.resolve()
      })
      const broken = connection.closed.then((reason) => {
        lines.end()
        return over ? told.promise : fate.brokenOff(reason, scope)
      })
      return await Promise.race([told.promise, broken, fate.watch(() => hasJoined, scope)])
    } catch (error) {
      if (!(error instanceof GoneError)) await fate.stop(connection?.closed)
      throw error
    } finally {
      lines.end()
      over = true
      write = undefined
      connection?.close()
      // Ends what still watches the dyno.
      leaving.abort()
    }
  }

  const ended = follow()
  // Who leaves the scope without asking for the end wants none.
  ended.catch(() => {})
  await Promise.race([joined.promise, ended])
  return {
    dyno: name,
    ended,
    write: (line) => write?.(`${line}\n`),
    async [Symbol.asyncDispose]() {
      leaving.abort(
        new DeployError('failed', `${name} was left before its command had ended.`, 'Run the job again.'),
      )
      await ended.catch(() => {})
    },
  }
}

/** Of a longer line the beginning is shown. More than that is looked at, so that no half of a secret stands at its end. */
const LONGEST_LINE = 2_000
const LOOKED_AT = 8_192

/** Escapes go first: they could hide a secret from the mask. */
function plainLine(mask: readonly string[]): (line: string) => string {
  const secrets = mask
    // A mask of many lines can only be met line by line.
    .flatMap((text) => text.split(/[\r\n]+/))
    .filter((text) => text.trim() !== '')
    .sort((a, b) => b.length - a.length)
  return (line) => {
    const text = oneLine(line, LOOKED_AT)
    const masked = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
    return oneLine(masked, LONGEST_LINE)
  }
}
