import { randomInt } from 'node:crypto'
import { delimiter, dirname, join } from 'node:path'
import type { EventLog } from './events.ts'
import { type RunningCommand, runCommand } from './process.ts'
import type { Slug } from './slug.ts'

export interface DynoSettings {
  readonly app: string
  readonly log: EventLog
  /** between SIGTERM and SIGKILL */
  readonly killAfterMs: number
  readonly nodePath: string
  readonly baseEnv: Readonly<Record<string, string>>
  readonly configVars: ReadonlyMap<string, string>
  /** dynos by process type; those that are not named: one, of web none */
  readonly formation: ReadonlyMap<string, number>
  /** HEROKU_APP_NAME and its like in every dyno, as with Heroku's lab feature runtime-dyno-metadata */
  readonly dynoMetadata: boolean
  readonly restartCrashed: boolean
}

/** What a dyno runs. */
export interface Program {
  /** `clock.1` */
  readonly dyno: string
  readonly command: string
  /** 43 of `v43` */
  readonly version: number
  readonly slug: Slug
  /** above the app's config vars */
  readonly env?: Readonly<Record<string, string>>
  /** It has an input. */
  readonly input?: boolean
  onLine?(line: string): void
  /** what it prints, as it comes */
  onOutput?(piece: Buffer): void
}

/** Starts a dyno's process in its slug. What it prints goes into the log. */
export function launch(settings: DynoSettings, program: Program): RunningCommand {
  const { dyno, command, version, slug, input, onLine, onOutput } = program
  const release = `v${version}`
  const process = runCommand(command, {
    cwd: slug.folder,
    env: environment(settings, program),
    ...(input && { input }),
    ...(onOutput && { onOutput }),
    onLine(line, stream) {
      const about = { app: settings.app, dyno, release, pid: process.pid, stream }
      settings.log.record({ kind: 'dyno-line', text: line, ...about })
      onLine?.(line)
    },
  })
  return process
}

function environment(
  { app, baseEnv, configVars, dynoMetadata, nodePath }: DynoSettings,
  { dyno, version, slug, env }: Program,
): Record<string, string> {
  return {
    // As Heroku's Node buildpack has it.
    PATH: [dirname(nodePath), join(slug.folder, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    HOME: slug.folder,
    ...baseEnv,
    ...Object.fromEntries(configVars),
    ...env,
    DYNO: dyno,
    PORT: String(randomInt(20_000, 60_000)),
    ...(dynoMetadata && {
      HEROKU_APP_NAME: app,
      HEROKU_RELEASE_VERSION: `v${version}`,
      HEROKU_BUILD_COMMIT: slug.commit,
      HEROKU_SLUG_COMMIT: slug.commit,
    }),
  }
}
