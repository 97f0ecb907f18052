import type { DeployReport, ParticipantReport } from '../deploy/report.ts'
import { formatDuration } from '../duration.ts'
import { isSuccess, type Outcome } from '../outcome.ts'
import { markdown, markdownLink, markdownSentence } from './escape.ts'
import { renderGantt } from './gantt.ts'
import { type Column, table } from './markdown-table.ts'

/** GitHub drops a summary of more than 1 MiB whole. */
const MOST_PARTICIPANTS = 100
/** Of more, those that drained are folded away. */
const MOST_IN_SIGHT = 10
const MOST_WARNINGS = 30

/** What happened, as a person wants it: the outcome, then what it was warned of, who took part, and when. GitHub-flavoured markdown. */
export function renderSummary(report: DeployReport): string {
  const { outcome, app, message, next, warnings, spans, rollback } = report
  const chart = renderGantt(spans)
  return [
    `## ${mark(report)} ${HEADINGS[outcome]}${rollback ? ', and taken back' : ''}${app ? `: ${markdown(app)}` : ''}`,
    ...message.split('\n').map((line) => markdownSentence(line, 1_000)),
    ...(next ? [`**What to do:** ${markdownSentence(next, 1_000)}`] : []),
    ...facts(report),
    ...warned(warnings),
    ...participants(report.participants),
    ...(chart ? ['### Timeline', `\`\`\`mermaid\n${chart}\n\`\`\``] : []),
    '',
  ].join('\n\n')
}

const HEADINGS: Record<Outcome, string> = {
  deployed: 'Deployed',
  'up-to-date': 'Up to date',
  'dry-run': 'Dry run, a deploy could begin',
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

/** What is known of the deploy, as one row: at a glance, and without room for what is not. */
function facts(report: DeployReport): string[] {
  const { app, commit, release, rollback, url, drainSeconds, quietSeconds } = report
  const jobs = (number: number | undefined) =>
    report.participants.length > 0 && drainSeconds !== undefined ? number : undefined
  const known: [head: string, value: string | number | undefined][] = [
    ['Release', release ? markdown(release) : undefined],
    ['Taken back by', rollback ? markdown(rollback) : undefined],
    ['Commit', commit ? `<code>${markdown(commit.slice(0, 12))}</code>` : undefined],
    ['App', url ? markdownLink(app || url, url) : undefined],
    ['Drained in', duration(drainSeconds)],
    ['Clock quiet for', duration(quietSeconds)],
    ['Jobs finished', jobs(report.jobsFinished)],
    ['Jobs stored', jobs(report.jobsStored)],
  ]
  return table<DeployReport>(
    known.map(([head, value]) => ({ head, align: 'left', cell: () => value })),
    [report],
  )
}

function warned(all: readonly string[]): string[] {
  if (all.length === 0) return []
  const shown = all.slice(0, MOST_WARNINGS).map((line) => `- ${markdownSentence(line, 500)}`)
  const left = all.length - shown.length
  return ['### Warnings', shown.join('\n'), ...(left > 0 ? [`and ${left} more in the log`] : [])]
}

function participants(all: readonly ParticipantReport[]): string[] {
  if (all.length === 0) return []
  // Who did not drain is what the reader looks for: all of those are in sight.
  const undone = all.filter(({ drainedSeconds }) => drainedSeconds === undefined)
  const done = all.filter(({ drainedSeconds }) => drainedSeconds !== undefined)
  const shown = [...undone, ...done].slice(0, MOST_PARTICIPANTS)
  const inSight = shown.length <= MOST_IN_SIGHT ? shown.length : Math.max(undone.length, MOST_IN_SIGHT)
  const folded = shown.slice(inSight)
  const left = all.length - shown.length
  return [
    '### Participants',
    ...table(PARTICIPANT_COLUMNS, shown.slice(0, inSight)),
    ...(folded.length > 0
      ? [
          `<details><summary>${folded.length} more that drained</summary>`,
          ...table(PARTICIPANT_COLUMNS, folded),
          '</details>',
        ]
      : []),
    ...(left > 0 ? [`and ${left} more: see the output \`drained\``] : []),
  ]
}

const PARTICIPANT_COLUMNS: readonly Column<ParticipantReport>[] = [
  { head: 'Dyno', align: 'left', cell: ({ dyno }) => markdown(dyno, 100) },
  { head: 'State', align: 'left', cell: ({ state }) => markdown(state, 40) },
  { head: 'Accepted after', align: 'right', cell: ({ acceptedSeconds }) => duration(acceptedSeconds) },
  { head: 'Drained after', align: 'right', cell: ({ drainedSeconds }) => duration(drainedSeconds) },
  { head: 'Finished', align: 'right', cell: ({ finished }) => finished },
  { head: 'Stored', align: 'right', cell: ({ stored }) => stored },
  { head: 'Lost', align: 'right', cell: ({ lost }) => lost },
  { head: 'Note', align: 'left', cell: ({ note }) => (note === undefined ? undefined : markdown(note, 200)) },
]

function duration(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : formatDuration(seconds * 1_000)
}
