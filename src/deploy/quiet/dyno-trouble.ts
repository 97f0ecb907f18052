import { DeployError } from '../../outcome.ts'
import { CONVERSATION } from '../attended.ts'
import type { ToldDrain } from './told-drain.ts'

/** How a command ended in a dyno. */
export interface DynoEnd {
  /** `run.1234` */
  readonly dyno: string
  readonly app: string
  readonly code: number
  /** the last of its output that was no event */
  readonly lastLines: readonly string[]
}

const INSTALL =
  "It comes with the npm package heroku-deploy-gate: make the app depend on it. An app on Python or Ruby needs Heroku's Node buildpack for that, in front of its own (heroku buildpacks:add --index 1 heroku/nodejs), and a package.json. The deploy that brings it in can't have it yet: deploy once with skip-drain: true. docs/out-of-reach.md has it all."

/** Why a drain in a dyno has ended that was to go on. */
export function whyEnded(told: ToldDrain, { dyno, app, code, lastLines }: DynoEnd): DeployError {
  const { failure } = told
  const hasBegun = told.hasTold('started')
  if (failure !== undefined && failure.outcome !== 'cancelled') return failure
  if (failure !== undefined)
    return new DeployError(
      'failed',
      `The drain in ${dyno} was stopped, but not by this deploy: ${failure.message}`,
      `Heroku may have ended the dyno: heroku logs --dyno ${dyno} --app ${app}. Run the deploy again.`,
    )
  const quoted = lastLines.length === 0 ? '' : ` Its last line: ${lastLines.at(-1)}`
  if (!hasBegun && code === 127)
    return new DeployError(
      'preflight-failed',
      `There is no deploy-gate command in ${app}'s slug, so ${dyno} could not drain. Nobody was asked.${quoted}`,
      INSTALL,
    )
  if (!hasBegun && lastLines.some((line) => UNKNOWN.test(line))) return tooOld(app)
  return new DeployError(
    'failed',
    `deploy-gate in ${dyno} ended with ${code} and did not say why.${quoted}`,
    `heroku logs --dyno ${dyno} --app ${app} shows what Heroku knows of it. Whoever was asked to drain goes on within a minute.`,
  )
}

/** What one says that does not know of attended drains. */
const UNKNOWN = /^deploy-gate.*(Unknown option '--attended'|there is no command "drain")/

function tooOld(app: string): DeployError {
  return new DeployError(
    'preflight-failed',
    `The deploy-gate in ${app}'s slug is too old for drain-from: dyno: it does not know --attended. Nobody was asked to drain.`,
    'Update the npm package heroku-deploy-gate in the app, and deploy that once with skip-drain: true.',
  )
}

export function otherConversation(app: string, version: string): DeployError {
  return new DeployError(
    'preflight-failed',
    `The deploy-gate in ${app}'s slug speaks version ${version} of the conversation with an attended drain, and this deploy version ${CONVERSATION}. Nobody was asked to drain.`,
    'Update the older one: the npm package heroku-deploy-gate in the app, or the Action in the workflow.',
  )
}

/** The new clock can't be looked for any more. */
export function clockOutOfSight(dyno: string, release: string, why: string): DeployError {
  return new DeployError(
    'clock-not-seen',
    `${release} is released, but ${dyno}, which was to see its clock, is gone, so it is not known whether that runs. ${why}`.trim(),
    'Look at it now: heroku ps and heroku logs. heroku rollback goes back.',
  )
}
