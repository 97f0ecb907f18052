import type { Log } from '../log.ts'
import type { Patience } from '../redis/connect.ts'
import type { Time } from '../time.ts'
import type { AppRedis } from './app-redis.ts'
import type { DynoSeen, TypeFormed } from './expected.ts'

/** The app on Heroku, and what is to be deployed to it. Waits end with their signal's reason. */
export interface Target {
  /** what is deployed, for a person: `HEAD is 1a2b3c4d` */
  readonly what: string
  /** full SHA of what will run; empty where nobody can tell */
  readonly commit: string
  /** the app's own URL; empty when it has none */
  readonly webUrl: string
  readonly upToDate: boolean
  /** the release that runs now, `v42`; absent for an app without one */
  readonly currentRelease?: string
  /** how many dynos of each type there are to be; absent where that can't be read */
  readonly formation?: readonly TypeFormed[]
  readonly dynos?: readonly DynoSeen[]
  /** makes the release, or has it made */
  publish(signal: AbortSignal): Promise<unknown>
  /** resolves with the version of that release once it runs; `undefined` when there came none */
  verify(signal: AbortSignal): Promise<string | undefined>
  /** goes back to what ran at the preflight; resolves with the version of the release by which, once it runs */
  rollBack(signal: AbortSignal): Promise<string>
}

/** What a deploy needs of Heroku. */
export interface Heroku {
  /** Has what it says, and warns of, told to `log` from now on. */
  tellTo(log: Log): void
  preflight(): Promise<Target>
  configVar(name: string): Promise<string>
  /** resolves when the dynos of `release` are up */
  dynosUp(release: string, waitMs: number, signal: AbortSignal): Promise<void>
  /**
   * Starts a command in a one-off dyno of what the app runs now; resolves when its input and output are attached.
   * @param onLine gets each line of its output, of 2,000 characters at the most
   */
  inDyno(command: DynoCommand, onLine: (line: string) => void, signal: AbortSignal): Promise<DynoSession>
}

/** What a one-off dyno runs. */
export interface DynoCommand {
  /** as one would write it in bash */
  readonly command: string
  /** after how many seconds Heroku ends the dyno, whatever it does */
  readonly timeToLiveSec: number
}

/** A command that runs in a one-off dyno. Leaving its scope stops the dyno if the command still runs. */
export interface DynoSession extends AsyncDisposable {
  /** `run.1234` */
  readonly dyno: string
  /** Writes a line to its standard input. When it has ended, nothing happens. */
  write(line: string): void
  /** Resolves with its exit code. Rejects with a DeployError when that will never be known, or with the signal's reason. */
  readonly ended: Promise<{ readonly code: number }>
}

/** What a deploy works with. */
export interface Surroundings {
  readonly heroku: Heroku
  /** closed when the deploy has ended */
  readonly redis: AppRedis
  readonly log: Log
  /** puts what `work` logs under a heading */
  group<R>(heading: string, work: () => Promise<R>): Promise<R>
  readonly time: Time
  /** with the connection to Redis, where `time` is not real */
  readonly patience?: Patience
  /** aborts, with a DeployError as its reason, when the deploy is cancelled */
  readonly cancel: AbortSignal
  /** the health check asks through this */
  readonly fetch: typeof globalThis.fetch
  mask(secret: string): void
  /** remembers what the post step needs, before anybody is asked to drain */
  remember(held: { readonly id: string; readonly fingerprint: string | undefined }): void
}
