import { formatDuration } from '../duration.ts'
import { newDeployId } from '../gate/gate.ts'
import type { Asker } from '../gate/terms.ts'
import type { Log } from '../log.ts'
import { DeployError } from '../outcome.ts'
import type { Patience } from '../redis/connect.ts'
import type { Time } from '../time.ts'
import type { DeployPlan } from './plan.ts'
import { protocolOf } from './protocol.ts'
import type { DeployReport } from './report.ts'
import { openServer } from './server.ts'
import { Story } from './story.ts'
import { during } from './watch.ts'

/** The app on Heroku, before the push. */
export interface Target {
  /** full SHA of what will be deployed */
  readonly commit: string
  /** the app's own URL */
  readonly webUrl: string
  readonly upToDate: boolean
  /** the release that runs now, `v42`; absent for an app without one */
  readonly currentRelease?: string
}

/** What a deploy needs of Heroku. Waits end with the signal's reason. `T` is what `preflight` learned and `push` needs. */
export interface Heroku<T extends Target = Target> {
  preflight(): Promise<T>
  configVar(name: string): Promise<string>
  push(target: T, signal: AbortSignal): Promise<unknown>
  /** resolves with the version of the release that the push made, once it runs */
  verify(target: T, signal: AbortSignal): Promise<string>
}

/** What a deploy works with. */
export interface Surroundings<T extends Target> {
  readonly heroku: Heroku<T>
  readonly log: Log
  /** puts what `work` logs under a heading */
  group<R>(heading: string, work: () => Promise<R>): Promise<R>
  readonly time: Time
  /** with the connection to Redis, where `time` is not real */
  readonly patience?: Patience
  /** aborts, with a DeployError as its reason, when the deploy is cancelled */
  readonly cancel: AbortSignal
  mask(secret: string): void
  /** remembers what the post step needs, before anybody is asked to drain */
  remember(held: { readonly id: string; readonly fingerprint: string | undefined }): void
}

/** One deploy under the gate, from the checks to the new clock. Never rejects: every ending is a report. */
export async function deploy<T extends Target>(
  plan: DeployPlan,
  around: Surroundings<T>,
): Promise<DeployReport> {
  const story = new Story(plan, around.time, around.log)
  const timeout = new AbortController()
  const timer = new AbortController()
  const signal = AbortSignal.any([around.cancel, timeout.signal])
  around.time.sleep(plan.deployTimeoutMs, timer.signal).then(
    () => timeout.abort(outOfTime(plan)),
    () => {},
  )
  try {
    return await tell(plan, around, story, signal)
  } catch (error) {
    return story.failed(signal.aborted ? signal.reason : error)
  } finally {
    timer.abort()
  }
}

async function tell<T extends Target>(
  plan: DeployPlan,
  around: Surroundings<T>,
  story: Story,
  signal: AbortSignal,
): Promise<DeployReport> {
  const { heroku, group } = around
  const target = await group('Preflight: nobody is asked for anything yet', () =>
    story.span('preflight', 'heroku', () => heroku.preflight()),
  )
  signal.throwIfAborted()
  const running = target.currentRelease ? `runs ${target.currentRelease}` : 'runs no release yet'
  story.log.info(`${plan.app} ${running}; ${plan.ref} is ${target.commit.slice(0, 8)}`)
  story.commit = target.commit
  story.url = target.webUrl
  if (target.upToDate) {
    if (target.currentRelease !== undefined) story.release = target.currentRelease
    return story.ended(
      'up-to-date',
      `${plan.app} already runs ${target.commit.slice(0, 8)}: nobody was asked to drain, nothing was pushed.`,
    )
  }
  if (plan.skipDrain) {
    story.log.warning(
      'skip-drain: true: pushing at once. Jobs that run now get SIGTERM, and SIGKILL 30 s later.',
    )
    await publish(plan, around, story, signal, target)
    return story.ended(
      'deployed',
      `${plan.app} runs ${target.commit.slice(0, 8)} as ${story.release}, deployed without a drain.`,
    )
  }

  await using server = await group('Redis', () =>
    openServer(plan, {
      ...around,
      log: story.log,
      signal,
      configVar: heroku.configVar,
      asks: plan.list === undefined,
    }),
  )
  const asker = askerOf(plan, target.commit)
  const protocol = protocolOf(plan, { ...server.around, log: story.log })
  await protocol.inspect(asker)

  const id = newDeployId()
  around.remember({ id, fingerprint: server.fingerprint })
  story.stage = 'draining'
  await using hold = await protocol.ask(id, asker, target.currentRelease ?? '')
  story.follow(hold)
  const everybody = await group('Drain: waiting for running jobs', () => hold.drained())
  await hold.commit(!everybody)
  await during(
    () => publish(plan, around, story, signal, target),
    () => hold.concerns(),
    story.log,
    around.time,
  )
  await hold.release()
  story.stage = 'released'
  if (plan.waitForClockMs > 0) {
    await group('New clock', () =>
      story.span('new clock', 'gate', async () => {
        const seen = await hold.successor(plan.waitForClockMs, story.release ?? '')
        if (seen.length > 0)
          story.log.info(
            `${seen.join(', ')} of the new release ${seen.length === 1 ? 'is' : 'are'} scheduling`,
          )
      }),
    )
  }
  return story.ended('deployed', `${plan.app} runs ${target.commit.slice(0, 8)} as ${story.release}.`)
}

/** Pushes, and believes it only when the release runs: git's exit code is not a release. */
async function publish<T extends Target>(
  plan: DeployPlan,
  { heroku, group }: Surroundings<T>,
  story: Story,
  signal: AbortSignal,
  target: T,
): Promise<void> {
  story.stage = 'pushing'
  await group(`Push ${target.commit.slice(0, 8)} to ${plan.app}`, () =>
    story.span('push and build', 'heroku', () => heroku.push(target, signal)),
  )
  story.stage = 'verifying'
  story.release = await group('Release', () =>
    story.span('release', 'heroku', () => heroku.verify(target, signal)),
  )
}

function askerOf({ asker, app }: DeployPlan, commit: string): Asker {
  return { ...asker, app, commit }
}

function outOfTime({ deployTimeoutMs }: DeployPlan): DeployError {
  return new DeployError(
    'deploy-timeout',
    `The deploy was not done within ${formatDuration(deployTimeoutMs)}.`,
    'Look at what took so long in this log. If it is right to take so long, raise deploy-timeout.',
  )
}
