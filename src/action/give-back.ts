import { endHold, type LeftBehind } from '../deploy/end-hold.ts'
import { open } from './opening.ts'
import { readMaskedPlan } from './plan.ts'

/** Ends what the main step has acquired and did not end. @param limitMs how long that may take @throws Error */
export async function giveBack(held: LeftBehind, limitMs: number): Promise<void> {
  const signal = AbortSignal.timeout(limitMs)
  const plan = readMaskedPlan()
  const { heroku, ...around } = open(plan, signal)
  await endHold(plan, held, { ...around, signal, configVar: heroku.configVar })
}
