import { formatDuration } from '../duration.ts'
import type { Row } from '../protocol/row.ts'
import { type Expected, expected } from './expected.ts'
import type { DeployPlan } from './plan.ts'
import { protocolOf } from './quiet/protocol.ts'
import type { DeployReport } from './report.ts'
import type { Story } from './story.ts'
import type { Surroundings, Target } from './surroundings.ts'

/**
 * Goes as far as a deploy can without asking anybody for anything, and says what it would do.
 * @throws DeployError for what would stop a deploy before its drain
 */
export async function rehearse(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
  target: Target,
): Promise<DeployReport> {
  const who = expected(plan.processes, target.formation, target.dynos)
  for (const note of who.notes) story.log.info(note)
  const asks = !plan.skipDrain && who.asked.length > 0
  let missing: readonly string[] = []
  if (asks && plan.drainFrom === 'runner')
    missing = await lookAround(plan, around, story, signal, target, who)
  else if (asks) story.log.info('Who takes part would be seen from a dyno only, and a dry run starts none')
  return story.ended(
    'dry-run',
    `${sentence(plan, story, target, who, missing)} This was a dry run: nobody was asked for anything.`,
  )
}

/** Says who takes part, and who does not. @returns the process types for which a deploy would wait in vain */
async function lookAround(
  plan: DeployPlan,
  around: Surroundings,
  story: Story,
  signal: AbortSignal,
  { commit }: Target,
  who: Expected,
): Promise<readonly string[]> {
  await using server = await around.group('Redis', () => around.redis.open(story.log, signal))
  const protocol = protocolOf(plan, { ...server.around, log: story.log }, who)
  const rows = await protocol.inspect({ ...plan.asker, app: plan.app, commit })
  if (plan.list !== undefined) return []
  for (const { dyno, release, v, state, running, note } of rows) {
    const about = [
      release ?? 'release unknown',
      `protocol ${v}`,
      doingOf({ state, running }),
      ...(note ? [note] : []),
    ]
    story.log.info(`${dyno}: ${about.join(', ')}`)
  }
  for (const { dyno, release } of who.dynos.filter((one) => !rows.some((row) => row.dyno === one.dyno))) {
    story.log.warning(
      `${dyno} is up${release ? ` on ${release}` : ''} but has not joined the gate: a deploy would wait ${formatDuration(plan.acknowledgeTimeoutMs)} for it, and then ${plan.onMissingClock === 'deploy' ? 'go on without it' : 'fail with missing-clock'}`,
    )
  }
  return who.asked.flatMap(({ type, atLeast }) =>
    rows.filter((row) => row.type === type).length < atLeast ? type : [],
  )
}

/** Who schedules tells of no jobs: a row counts them from the request on. */
function doingOf({ state, running }: Pick<Row, 'state' | 'running'>): string {
  if (state === 'running') return 'scheduling'
  return `${state}, ${running === 1 ? '1 job running' : `${running} jobs running`}`
}

function sentence(
  plan: DeployPlan,
  story: Story,
  target: Target,
  who: Expected,
  missing: readonly string[],
): string {
  const { app, upToDate } = plan
  if (target.upToDate && upToDate !== 'rerelease') {
    return `${app} already runs ${story.named}: a deploy would ${upToDate === 'skip' ? 'do nothing' : 'fail with nothing-to-deploy'}.`
  }
  if (missing.length > 0 && plan.onMissingClock === 'fail') {
    return `As things stand a deploy would fail with missing-clock, because too few take part as ${missing.join(' and ')}.`
  }
  const types = who.asked.map(({ type, atLeast }) => (atLeast > 1 ? `${atLeast} ${type}` : type)).join(', ')
  const drain =
    plan.skipDrain || types === ''
      ? 'without a drain'
      : plan.drainAt === 'release-phase'
        ? `have ${types} drain in the release phase`
        : `have ${types} drain, for ${formatDuration(plan.drainTimeoutMs)} at most`
  const deed = {
    'git-push': `push ${story.named}`,
    promote: `promote ${story.named}`,
    slug: `release ${story.named}`,
    command: 'run the deploy command',
  }[story.deed]
  return plan.drainAt === 'release-phase' || drain === 'without a drain'
    ? `A deploy would ${deed}${drain === 'without a drain' ? ' without a drain' : ` and ${drain}`}.`
    : `A deploy would ${drain}, and then ${deed}.`
}
