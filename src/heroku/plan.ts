/** How a release comes about. */
export type Strategy =
  /** what is pushed is built and released */
  | { readonly kind: 'git-push' }
  /** what another app of the pipeline runs is released as it is: `from` is that app's name */
  | { readonly kind: 'promote'; readonly from: string }
  /** a slug that is there already is released: that of release `v41`, one by its id, or the one that was built from `ref` when empty */
  | { readonly kind: 'slug'; readonly slug: string }
  /** a program of the user's makes the release */
  | { readonly kind: 'command'; readonly program: string; readonly args: readonly string[] }

/** What becomes of a deploy of what the app runs already. */
export type OnUpToDate = 'skip' | 'fail' | 'rerelease'

/** When the clock is drained: by this deploy before anything is pushed, or by the app's own release phase, when its build is done. */
export type DrainAt = 'before-push' | 'release-phase'

/** What the room `heroku` needs to know of a deploy. */
export interface HerokuPlan {
  readonly app: string
  readonly apiKey: string
  /** base of the Platform API, `https://api.heroku.com` unless moved */
  readonly apiUrl: string
  /** base of Heroku's git, `https://git.heroku.com` unless moved; pushes go to `<gitUrl>/<app>.git` */
  readonly gitUrl: string
  readonly strategy: Strategy
  readonly upToDate: OnUpToDate
  /** `release-phase`: the commit must declare one */
  readonly drainAt: DrainAt
  /** anything that `git rev-parse` understands */
  readonly ref: string
  /** `auto`: the one that Heroku has, main for a new app */
  readonly branch: 'auto' | 'main' | 'master'
  readonly forcePush: boolean
  /** the folder with the checkout */
  readonly directory: string
  /** the folder of the checkout that is the app, `services/shop`; absent: all of it */
  readonly appDir?: string
  /** nothing will be pushed, so a token that can only read is enough */
  readonly dryRun?: boolean
  /** what happens when Heroku is building for the app already */
  readonly onRunningBuild: 'wait' | 'fail'
}
