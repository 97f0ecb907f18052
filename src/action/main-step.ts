import * as core from '@actions/core'
import { asksFromHere } from '../deploy/plan.ts'
import type { DeployReport } from '../deploy/report.ts'
import { DeployError, isSuccess } from '../outcome.ts'
import { actionsLog, annotateError } from './actions-log.ts'
import { endOnCrash } from './crash.ts'
import { writeOutputs, writePessimisticOutputs } from './outputs.ts'
import { readMaskedPlan } from './plan.ts'
import { hideSecretsIn } from './secrets.ts'
import { rememberEnd } from './state.ts'
import { renderSummary } from './summary.ts'
import { appendSummary } from './summary-file.ts'

/** Deploys, and reports how that ended: in the log, the outputs, the summary and the exit code. */
export async function mainStep(): Promise<void> {
  endOnCrash(() => core.setOutput('outcome', 'failed'))
  const cancel = new AbortController()
  // With a listener the process survives the signal, and has the runner's 7.5 s to give the clock back.
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () =>
      cancel.abort(
        new DeployError(
          'cancelled',
          `The job was cancelled (${name}).`,
          'Run the workflow again when you want the deploy.',
        ),
      ),
    )
  }

  try {
    const plan = readMaskedPlan()
    writePessimisticOutputs(core.setOutput)
    // Where the URL is given, Redis is on its way while the rest is loaded.
    const early = asksFromHere(plan) && plan.redis.url !== undefined
    // A connection that nobody takes over would keep the process alive.
    await using redis = early
      ? await (await import('./approach.ts')).approach(plan, cancel.signal)
      : undefined
    const { carryOut } = await import('./work.ts')
    const told = await carryOut(plan, cancel.signal, redis)
    report(told)
    // After a failure the post step looks once more whether the hold is ended: it may be that Redis could not be told.
    if (isSuccess(told.outcome)) rememberEnd()
  } catch (error) {
    // Inputs: everything later is a report. Anything else that lands here is a fault of this action.
    const { outcome, message, next } = asDeployError(error)
    const nothing = { app: '', participants: [], jobsFinished: 0, jobsStored: 0, warnings: [], spans: [] }
    report({ ...nothing, outcome, message, next })
  }
}

function report(told: DeployReport): void {
  const report = hideSecretsIn(told)
  writeOutputs(report, core.setOutput)
  const { outcome, message, next } = report
  if (isSuccess(outcome)) actionsLog.info(message)
  else {
    annotateError(`Deploy: ${outcome}`, `${message}\n${next}`)
    process.exitCode = core.ExitCode.Failure
  }
  try {
    appendSummary(renderSummary(report))
  } catch (error) {
    actionsLog.warning(`the summary could not be written: ${(error as Error).message}`)
  }
}

function asDeployError(error: unknown): DeployError {
  if (error instanceof DeployError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new DeployError(
    'failed',
    `Something unexpected went wrong: ${message}`,
    'Please report it with the log of this run.',
    { cause: error },
  )
}
