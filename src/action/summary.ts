import type { DeployReport, ParticipantReport } from '../deploy/report.ts'
import { formatDuration } from '../duration.ts'
import { isSuccess, type Outcome } from '../outcome.ts'
import { markdown } from './escape.ts'
import { renderGantt } from './gantt.ts'

/** GitHub drops a summary of more than 1 MiB whole. */
const MOST_PARTICIPANTS = 100
const MOST_WARNINGS = 30

/** What happened, as a person wants it: the outcome, then who took part, then when. GitHub-flavoured markdown. */
export function renderSummary(report: DeployReport): string {
  const { outcome, app, message, next, warnings, spans, rollback } = report
  const chart = renderGantt(spans)
  return [
    `## ${mark(report)} ${HEADINGS[outcome]}${rollback ? ', and taken back' : ''}${app ? `: ${markdown(app)}` : ''}`,
    ...message.split('\n').map((line) => markdown(line, 1_000)),
    ...(next ? [`**What to do:** ${markdown(next, 1_000)}`] : []),
    ...facts(report),
    ...participants(report.participants),
    ...(warnings.length > 0
      ? [
          '### Warnings',
          warnings
            .slice(0, MOST_WARNINGS)
            .map((line) => `- ${markdown(line, 500)}`)
            .join('\n'),
        ]
      : []),
    ...(warnings.length > MOST_WARNINGS ? [`and ${warnings.length - MOST_WARNINGS} more in the log`] : []),
    ...(chart ? ['### Timeline', `\`\`\`mermaid\n${chart}\n\`\`\``] : []),
    '',
  ].join('\n\n')
}

const HEADINGS: Record<Outcome, string> = {
  deployed: 'Deployed',
  'up-to-date': 'Up to date',
  'dry-run': 'Dry run: a deploy could begin',
  'preflight-failed': 'Not deployed, a check failed beforehand',
  'nothing-to-deploy': 'Not deployed, the app runs it already',
  busy: 'Not deployed, another deploy is at work',
  'missing-clock': 'Not deployed, no clock took part',
  'not-acknowledged': 'Not deployed, the drain request was not accepted',
  refused: 'Not deployed, the clock refused to drain',
  'drain-timeout': 'Not deployed, not drained in time',
  'lease-lost': 'Not deployed, the drain was lost',
  'push-failed': 'Not deployed, the push failed',
  'build-failed': 'Not deployed, the build failed',
  'promotion-failed': 'Not deployed, the promotion failed',
  'command-failed': 'The deploy command failed',
  'release-failed': 'The release failed',
  'dynos-not-up': 'Released, but its dynos are not up',
  'clock-not-seen': 'Released, but the new clock was not seen',
  'health-check-failed': 'Released, but the health check failed',
  'deploy-timeout': 'Out of time',
  cancelled: 'Cancelled',
  failed: 'Failed',
}

function mark({ outcome, warnings }: DeployReport): string {
  if (outcome === 'cancelled') return '⏹️'
  if (!isSuccess(outcome)) return '❌'
  return warnings.length > 0 ? '⚠️' : '✅'
}

function facts({
  commit,
  release,
  rollback,
  url,
  drainSeconds,
  quietSeconds,
  ...report
}: DeployReport): string[] {
  const jobs = (number: number | undefined) =>
    report.participants.length > 0 && number !== undefined ? String(number) : undefined
  const rows: [string, string | undefined][] = [
    ['Commit', commit && `<code>${markdown(commit.slice(0, 12))}</code>`],
    ['Release', release && markdown(release)],
    ['Taken back by', rollback && markdown(rollback)],
    ['App', url && link(url)],
    ['Drained in', drainSeconds === undefined ? undefined : formatDuration(drainSeconds * 1_000)],
    ['Clock quiet for', quietSeconds === undefined ? undefined : formatDuration(quietSeconds * 1_000)],
    ['Jobs finished', jobs(report.jobsFinished)],
    ['Jobs stored', jobs(report.jobsStored)],
  ]
  const shown = rows.filter(([, value]) => value)
  if (shown.length === 0) return []
  return [['| | |', '|---|---|', ...shown.map(([name, value]) => `| ${name} | ${value} |`)].join('\n')]
}

/** What is percent-encoded already stays as it is. */
function link(url: string): string {
  return `<${encodeURI(url).replaceAll('%25', '%')}>`
}

function participants(all: readonly ParticipantReport[]): string[] {
  if (all.length === 0) return []
  // Who did not drain is what the reader looks for.
  const undone = (one: ParticipantReport) => (one.drainedSeconds === undefined ? 0 : 1)
  const shown = [...all].sort((a, b) => undone(a) - undone(b)).slice(0, MOST_PARTICIPANTS)
  const rows = shown.map((one) => {
    const cells = [
      markdown(one.dyno, 100),
      markdown(one.state, 40),
      seconds(one.acceptedSeconds),
      seconds(one.drainedSeconds),
      one.finished ?? '–',
      one.stored ?? '–',
      one.lost ?? '–',
      markdown(one.note ?? '', 200),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const left = all.length - shown.length
  return [
    '### Participants',
    [
      '| Dyno | State | Accepted after | Drained after | Finished | Stored | Lost | Note |',
      '|---|---|--:|--:|--:|--:|--:|---|',
      ...rows,
    ].join('\n'),
    ...(left > 0 ? [`and ${left} more: see the output \`drained\``] : []),
  ]
}

function seconds(value: number | undefined): string {
  return value === undefined ? '–' : `${value} s`
}
