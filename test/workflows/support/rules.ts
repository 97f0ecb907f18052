import type { Problem } from './problem.ts'
import type { Job, Step, Workflow } from './workflow.ts'

/** What holds for each of the project's own workflows. */
type Rule = (workflow: Workflow) => Problem[]

const PINNED = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/
const VERSION = /^v\d+\.\d+\.\d+$/

/** Actions are code that runs with the job's rights: a tag can be moved, a commit can't. The comment is what Dependabot reads. */
const pinned: Rule = ({ jobs }) =>
  steps(jobs).flatMap(({ uses, usesComment, line }) => {
    if (uses === undefined || uses.startsWith('./')) return []
    if (!PINNED.test(uses)) return [{ line, message: `"${uses}" is not pinned to a full commit` }]
    return VERSION.test(usesComment)
      ? []
      : [{ line, message: `"${uses}" lacks its version, as in "# v1.2.3", behind it` }]
  })

/** Whatever needs more says so in its own job. */
const fewRights: Rule = ({ permissions }) => {
  const allowed = ['{}', '{"contents":"read"}']
  return allowed.includes(JSON.stringify(permissions) ?? '')
    ? []
    : [
        {
          line: 1,
          message: 'top-level permissions must be {} or contents: read; more of them belongs to a job',
        },
      ]
}

/** A job with what is left out has the repository's default. */
const ownRights: Rule = ({ jobs }) =>
  jobs.flatMap(({ name, line, permissions }) =>
    typeof permissions === 'string'
      ? [{ line, message: `job ${name} has permissions "${permissions}": name each of them` }]
      : [],
  )

/** GitHub's own limit is six hours. A job that is another workflow has those of its jobs. */
const limited: Rule = ({ jobs }) =>
  jobs.flatMap(({ name, line, keys }) =>
    keys.has('timeout-minutes') || keys.has('uses')
      ? []
      : [{ line, message: `job ${name} has no timeout-minutes` }],
  )

/** Otherwise every later step finds the token in .git/config. */
const noToken: Rule = ({ jobs }) =>
  jobs.flatMap((job) =>
    job.steps.flatMap(({ uses = '', line, with: given }) => {
      if (!uses.startsWith('actions/checkout@') || given.get('persist-credentials')?.value === false)
        return []
      return pushes(job)
        ? []
        : [{ line, message: `job ${job.name} pushes nothing: persist-credentials must be false` }]
    }),
  )

/** What stands in an expression becomes part of the script: whoever names a branch would write in it. */
const noSplicing: Rule = ({ jobs }) =>
  steps(jobs).flatMap(({ run = '', line }) =>
    /\$\{\{/.test(run) ? [{ line, message: 'an expression in a script: give it by env' }] : [],
  )

/** These run with secrets for strangers. */
const noStrangers: Rule = ({ events }) =>
  events
    .filter((event) => event === 'pull_request_target' || event === 'workflow_run')
    .map((event) => ({ line: 1, message: `${event} runs with secrets on what a stranger wrote` }))

export const RULES: readonly Rule[] = [
  pinned,
  fewRights,
  ownRights,
  limited,
  noToken,
  noSplicing,
  noStrangers,
]

/** Where the job `name` does not wait for all others, or may be passed over when one of them fails. */
export function checkGateJob({ jobs }: Workflow, name: string): Problem[] {
  const job = jobs.find((one) => one.name === name)
  if (!job) return [{ line: 1, message: `there is no job ${name}` }]
  const others = jobs.map((one) => one.name).filter((other) => other !== name)
  const missing = others.filter((other) => !job.needs.includes(other))
  return [
    ...missing.map((other) => ({ line: job.line, message: `job ${name} does not need ${other}` })),
    ...(job.condition === 'always()'
      ? []
      : [
          {
            line: job.line,
            message: `job ${name} is skipped, and so counts as passed, unless it has if: always()`,
          },
        ]),
  ]
}

function pushes({ permissions }: Job): boolean {
  return typeof permissions === 'object' && (permissions as Record<string, unknown>)?.contents === 'write'
}

function steps(jobs: readonly Job[]): Step[] {
  return jobs.flatMap((job) => job.steps)
}
