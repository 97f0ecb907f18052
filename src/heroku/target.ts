import type { Dyno, Formation, PlatformApi } from './platform-api.ts'

/** What is known of an app before anybody is asked for anything. Holds no secret that could be printed. */
export interface Standing {
  readonly app: string
  readonly appId: string
  /** the app's own URL; empty when it has none */
  readonly webUrl: string
  /** the release that runs, `v42`; absent when none is current */
  readonly currentRelease?: string
  /** its id: what a rollback goes back to */
  readonly currentReleaseId?: string
  /** the slug that it runs; absent for an app that runs none (container images) */
  readonly currentSlug?: string
  /** the number of the newest release, whatever became of it; 0 when there is none */
  readonly newestVersion: number
  /** how many dynos of each type it is to have; absent when the token may not read that */
  readonly formation?: readonly Formation[]
  readonly dynos?: readonly Dyno[]
  readonly api: PlatformApi
}

/** A deploy that can begin: everything that can be known beforehand is known. Waits end with their signal's reason. */
export interface Prepared extends Standing {
  /** what is deployed, for a person: `HEAD is 1a2b3c4d` */
  readonly what: string
  /** full SHA of what will run; empty where nobody can tell */
  readonly commit: string
  /** the app runs it already */
  readonly upToDate: boolean
  /** Makes the release, or has Heroku make it. @throws DeployError */
  publish(signal: AbortSignal): Promise<void>
  /**
   * Waits until the release that `publish` made runs: no exit code is a release. Resolves with its version, `v43`, or with
   * `undefined` when a command of the user's made none.
   * @throws DeployError (`release-failed`, `failed`)
   */
  verify(signal: AbortSignal): Promise<string | undefined>
}

/** A deploy that can begin, and be taken back. */
export interface Target extends Prepared {
  /** Goes back to what ran at the preflight; resolves with the version of the release by which. See `roll-back.ts`. */
  rollBack(signal: AbortSignal): Promise<string>
}
