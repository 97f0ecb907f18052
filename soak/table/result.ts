import type { Boot } from '../boot.ts'
import type { Violation } from '../ledger.ts'
import { DEPLOY, type Scene } from './scene.ts'

/** What came of one story, read off what happened in it. */
export interface Result {
  /** the deploy's outcome, or `none` when its process ended before it had one */
  readonly outcome: string
  readonly pushed: 'no' | 'yes, and released' | 'yes, and not released'
  /** why a clock was scheduling again */
  readonly why: string
  /** from the fault, the deploy's end or the release, whichever was the last before it, until a clock was scheduling again, ms */
  readonly backMs: number
  readonly job: string
  /** what the user reads */
  readonly reads: string
  readonly violations: readonly Violation[]
  readonly lines: readonly string[]
}

export function read(scene: Scene): Result {
  const { world, deployer } = scene
  const push = world.platform.pushes.find(({ by }) => by === DEPLOY)
  return {
    outcome: deployer?.report?.outcome ?? 'none',
    pushed: push ? `yes, and ${push.landed === undefined ? 'not ' : ''}released` : 'no',
    ...resumption(scene),
    job: fate(scene),
    reads: words(scene),
    violations: world.ledger.violations,
    lines: world.ledger.lines,
  }
}

/** The first time after the fault that a clock goes to scheduling while none was. */
function resumption(scene: Scene): Pick<Result, 'why' | 'backMs'> {
  const { moments, faultAt = 0, world } = scene
  const scheduling = new Set<Boot>()
  for (const { at, boot, event } of moments) {
    if (event === 'quiet') scheduling.delete(boot)
    if (event !== 'schedules') continue
    const isBack = scheduling.size === 0 && at > faultAt
    scheduling.add(boot)
    if (!isBack) continue
    const push = world.platform.pushes.find(({ by }) => by === DEPLOY)
    const before = [faultAt, push?.landed ?? 0, scene.endedAt ?? 0].filter((one) => one <= at)
    return { why: reason(scene, boot), backMs: at - Math.max(...before) }
  }
  return { why: scheduling.size > 0 ? 'it never stopped' : 'none does', backMs: 0 }
}

function reason({ world, moments }: Scene, boot: Boot): string {
  const first = moments.find((one) => one.boot === boot && one.event === 'schedules')
  const quiet = moments.some(
    (one) => one.boot === boot && one.event === 'quiet' && first && one.at > first.at,
  )
  const resumed = world.ledger.lines.findLast(
    (line) => line.includes(boot.party.name) && /resuming: |refused: /.test(line),
  )
  if (!resumed && !quiet) return boot.release > 1 ? 'the new release runs' : 'it was restarted'
  if (resumed?.includes('withdrawn')) return 'it was told'
  if (resumed?.includes('lapsed')) return 'its lease ended'
  if (resumed?.includes('refused')) return 'it refused'
  return resumed?.replace(/.*resuming: the drain ended \((.*)\)/, '$1') ?? 'unknown'
}

/** What became of the job that ran at the request. Whether it ended while the story lasted is a matter of a second. */
function fate({ moments, world, deployer }: Scene): string {
  const end = moments.find(({ event }) => /^job (finished|stored|killed)$/.test(event))?.event
  if (end === 'job stored') return 'stored'
  if (end !== 'job killed') return 'kept'
  const told = world.ledger.lines.some(
    (line) => line.includes(` ${deployer?.name} `) && /ran in it and (is|are) lost|may be killed/.test(line),
  )
  return told ? 'lost, and the log says so' : 'lost in silence'
}

function words({ world, deployer }: Scene): string {
  const { lines } = world.ledger
  const post = lines.find((line) => line.includes("'s post") && /drain|hold/.test(line))
  const report = (world.deployers.find(({ name }) => name === 'deploy-2') ?? deployer)?.report
  if (!report) return post ? normal(post.replace(/^.*?'s post +/, '')) : ''
  const said = [report.message, ...report.warnings.filter((line) => !PASSING.test(line))]
  return said
    .map((one) => normal(firstSentence(one)))
    .filter((one, index, all) => all.indexOf(one) === index)
    .join(' ⚠ ')
}

/** How a connection came and went, and whom a look in between met missing, is in the log and differs from time to time. */
const PASSING = /trying again|could not be renewed|, while the deploy runs$/

function firstSentence(text: string): string {
  return /^.*?\.(?= [A-Z]|$)/.exec(text)?.[0] ?? text
}

/** Without what differs from time to time. */
function normal(text: string): string {
  return text
    .replace(/127\.0\.0\.1:\d+/g, 'HOST:PORT')
    .replace(/\b\d{16}\b/g, 'EPOCH')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replace(/deploy-\d of deploy-\d/g, 'NAME of COMMIT')
    .replace(/(within|for) \d+ (ms|s|min|h)( \d+ (s|min))?(?=, while|$)/g, '$1 N')
    .replace(/runs deploy-\d as/g, 'runs COMMIT as')
}
