import { formatDuration } from '../duration.ts'
import { DeployError } from '../outcome.ts'
import { asksFromHere, type DeployPlan } from './plan.ts'
import { prove } from './prove.ts'
import { quieten } from './quiet/quieten.ts'
import type { DeployReport } from './report.ts'
import { type Deed, Story } from './story.ts'
import type { Surroundings, Target } from './surroundings.ts'

export type { Heroku, Surroundings, Target } from './surroundings.ts'

/** One deploy under the gate, from the checks to the new clock. Never rejects: every ending is a report. */
export async function deploy(plan: DeployPlan, around: Surroundings): Promise<DeployReport> {
  const story = new Story(plan, around.time, around.log)
  around.heroku.tellTo(story.log)
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

async function tell(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
): Promise<DeployReport> {
  await using redis = around.redis
  if (asksFromHere(plan)) redis.begin(signal)
  const target = await around.group('Preflight: nobody is asked for anything yet', () =>
    story.span('preflight', 'heroku', () => around.heroku.preflight()),
  )
  signal.throwIfAborted()
  story.begins(target)
  // What Heroku has already is not pushed again.
  if (target.upToDate && plan.strategy.kind === 'git-push') story.deed = 'slug'
  if (plan.dryRun) {
    const { rehearse } = await import('./rehearse.ts')
    return await rehearse(plan, around, story, signal, target)
  }
  if (target.upToDate && plan.upToDate !== 'rerelease') return nothingToDo(plan, story, target)

  await using quiet = await quieten(plan, around, story, signal, target)
  const release = await quiet.during(() => publish(plan, around, story, signal, target))
  if (release === undefined) return nothingReleased(plan, story)
  await quiet.released()
  story.stage = 'released'
  try {
    await prove(plan, around, story, signal, target, { quiet, release })
  } catch (failure) {
    const { takeBack } = await import('./take-back.ts')
    throw await takeBack(plan, around, story, signal, target, failure)
  }
  const what = story.commit === undefined ? release : `${story.named} as ${release}`
  return story.ended(
    'deployed',
    `${[`${plan.app} runs ${what}`, quiet.deployed].filter(Boolean).join(', ')}.`,
  )
}

/** Makes the release, and believes it only when it runs: no exit code is a release. */
async function publish(
  plan: DeployPlan,
  { group }: Surroundings,
  story: Story,
  signal: AbortSignal,
  target: Target,
): Promise<string | undefined> {
  story.stage = 'pushing'
  const [heading, bar] = DEEDS[story.deed]
  await group(`${heading} ${plan.app}`, () => story.span(bar, 'heroku', () => target.publish(signal)))
  story.stage = 'verifying'
  const release = await group('Release', () => story.span('release', 'heroku', () => target.verify(signal)))
  story.release = release
  return release
}

/** As a heading, and as a bar of the chart. */
const DEEDS: Record<Deed, readonly [string, string]> = {
  'git-push': ['Push to', 'push and build'],
  promote: ['Promotion to', 'promotion'],
  slug: ['Release of a slug of', 'release of a slug'],
  command: ['Deploy command for', 'deploy command'],
}

function nothingToDo(plan: DeployPlan, story: Story, { currentRelease }: Target): DeployReport {
  if (plan.upToDate === 'fail') {
    throw new DeployError(
      'nothing-to-deploy',
      `${plan.app} already runs ${story.named}. Nobody was asked to drain, and nothing was pushed.`,
      'up-to-date: fail says that this is an error. Deploy another commit, or say up-to-date: rerelease to release the same once more.',
    )
  }
  story.release = currentRelease
  return story.ended(
    'up-to-date',
    `${plan.app} already runs ${story.named}: nobody was asked to drain, nothing was pushed.`,
  )
}

/** Leaving without a word to the held gives them back. */
function nothingReleased(plan: DeployPlan, story: Story): DeployReport {
  return story.ended(
    'up-to-date',
    `The deploy command ended well and made no release of ${plan.app}: what ran before runs on, and the clock goes back to work.`,
  )
}

function outOfTime({ deployTimeoutMs }: DeployPlan): DeployError {
  return new DeployError(
    'deploy-timeout',
    `The deploy was not done within ${formatDuration(deployTimeoutMs)}.`,
    'Look at what took so long in the log of this step. If it is right to take so long, raise deploy-timeout.',
  )
}
