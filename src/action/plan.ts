import * as core from '@actions/core'
import type { DeployPlan } from '../deploy/plan.ts'
import { readPlan, secretsOfPlan } from './inputs.ts'
import { maskSecret } from './secrets.ts'

/**
 * What both steps begin with: reads the inputs, and masks what is secret in them. Asks nobody for anything.
 * @throws DeployError `preflight-failed` when the inputs are wrong
 */
export function readMaskedPlan(): DeployPlan {
  const plan = readPlan({ getInput: (name) => core.getInput(name), env: process.env })
  for (const secret of secretsOfPlan(plan)) maskSecret(secret)
  return plan
}
