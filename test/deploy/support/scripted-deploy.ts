import { AppRedis } from '../../../src/deploy/app-redis.ts'
import type { DeployPlan } from '../../../src/deploy/plan.ts'
import type { Quiet } from '../../../src/deploy/quiet/quiet.ts'
import { Story } from '../../../src/deploy/story.ts'
import type { Heroku, Surroundings, Target } from '../../../src/deploy/surroundings.ts'
import { systemTime } from '../../../src/time.ts'
import { Lines } from '../../participant/support/lines.ts'

const COMMIT = '752f176e6c67becb8e554567bb513abd869039df'

/** What the Action does when nothing but the app and the token is given, in the time of a test. */
export const PLAN: DeployPlan = {
  app: 'shop',
  apiKey: 'HRKU-5ecre7',
  apiUrl: 'https://api.heroku.com',
  gitUrl: 'https://git.heroku.com',
  redis: { configVar: 'REDIS_URL', tls: 'auto' },
  gateName: 'default',
  processes: [{ type: 'clock', atLeast: 1, demanded: false }],
  acknowledgeTimeoutMs: 20_000,
  drainTimeoutMs: 20_000,
  onDrainTimeout: 'fail',
  onMissingClock: 'fail',
  skipDrain: false,
  drainAt: 'before-push',
  drainFrom: 'runner',
  strategy: { kind: 'git-push' },
  ref: 'HEAD',
  branch: 'auto',
  forcePush: false,
  onRunningBuild: 'wait',
  upToDate: 'skip',
  deployTimeoutMs: 60_000,
  waitForDynosMs: 20_000,
  waitForClockMs: 20_000,
  rollbackOnFailure: false,
  dryRun: false,
  directory: '/nowhere',
  asker: { name: 'a test' },
}

/** A deploy whose Heroku does what a test says, and that writes down what it is asked for. */
export interface ScriptedDeploy {
  readonly plan: DeployPlan
  readonly around: Surroundings
  readonly story: Story
  readonly target: Target
  readonly log: Lines
  readonly cancel: AbortController
  /** the calls of Heroku, in order: `dynosUp v43`, `rollBack` */
  readonly calls: string[]
  /** the headings, in order */
  readonly groups: string[]
}

/**
 * v43 over v42.
 * @param over what is otherwise; `redisUrl` stands in the app's config vars
 */
export function scriptedDeploy({
  plan = {},
  target = {},
  heroku = {},
  redisUrl = 'redis://127.0.0.1:1',
}: {
  plan?: Partial<DeployPlan>
  target?: Partial<Target>
  heroku?: Partial<Heroku>
  redisUrl?: string
} = {}): ScriptedDeploy {
  const whole = { ...PLAN, ...plan }
  const log = new Lines()
  const cancel = new AbortController()
  const calls: string[] = []
  const groups: string[] = []
  const scripted: Heroku = {
    preflight: () => Promise.reject(new Error('not here')),
    configVar: async () => redisUrl,
    tellTo: () => {},
    dynosUp: async (release) => void calls.push(`dynosUp ${release}`),
    inDyno: () => Promise.reject(new Error('not here')),
    ...heroku,
  }
  const around: Surroundings = {
    heroku: scripted,
    redis: new AppRedis(whole, { time: systemTime, mask() {}, configVar: scripted.configVar }),
    log,
    group(heading, work) {
      groups.push(heading)
      return work()
    },
    time: systemTime,
    cancel: cancel.signal,
    fetch: () => Promise.reject(new Error('not here')),
    mask() {},
    remember() {},
  }
  const story = new Story(whole, around.time, log)
  return {
    plan: whole,
    around,
    story,
    target: {
      what: 'HEAD is 752f176e',
      commit: COMMIT,
      webUrl: 'https://shop.example.com/',
      upToDate: false,
      currentRelease: 'v42',
      publish: async () => void calls.push('publish'),
      async verify() {
        calls.push('verify')
        return 'v43'
      },
      async rollBack() {
        calls.push('rollBack')
        return 'v44'
      },
      ...target,
    },
    ...{ log, cancel, calls, groups },
  }
}

/** Processes that are quiet already. @param seen the dynos of the new release that join, or how that fails */
export function quietAlready(
  seen: (signal: AbortSignal) => Promise<readonly string[]> = async () => [],
): Quiet {
  return {
    deployed: '',
    during: (publish) => publish(),
    async released() {},
    successor: (_waitMs, _release, signal) => seen(signal),
    async [Symbol.asyncDispose]() {},
  }
}
