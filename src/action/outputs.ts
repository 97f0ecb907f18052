import type { DeployReport } from '../deploy/report.ts'
import { participantsJson } from './participants-json.ts'

type SetOutput = (name: string, value: string) => void

/** What the outputs say of a step that was stopped before it could say anything: set before work begins. */
export function writePessimisticOutputs(setOutput: SetOutput): void {
  write({ outcome: 'cancelled', participants: [], jobsFinished: 0, jobsStored: 0 }, setOutput)
}

/** The outputs of `action.yml`. What it did not come to is empty. */
export function writeOutputs(report: DeployReport, setOutput: SetOutput): void {
  write(report, setOutput)
}

type Written = Pick<
  DeployReport,
  | 'outcome'
  | 'participants'
  | 'drainSeconds'
  | 'quietSeconds'
  | 'jobsFinished'
  | 'jobsStored'
  | 'release'
  | 'rollback'
  | 'commit'
  | 'url'
>

function write(report: Written, setOutput: SetOutput): void {
  setOutput('outcome', report.outcome)
  setOutput('drained', participantsJson(report.participants))
  setOutput('drain-seconds', String(report.drainSeconds ?? ''))
  setOutput('quiet-seconds', String(report.quietSeconds ?? ''))
  setOutput('jobs-finished', String(report.jobsFinished ?? ''))
  setOutput('jobs-stored', String(report.jobsStored ?? ''))
  setOutput('release', report.release ?? '')
  setOutput('rollback', report.rollback ?? '')
  setOutput('commit', report.commit ?? '')
  setOutput('url', report.url ?? '')
}
