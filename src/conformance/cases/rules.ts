import { Misconduct } from '../deployer.ts'
import type { Scene } from '../scene.ts'

/** @throws Misconduct `otherwise` */
export function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Misconduct(otherwise)
}

/** Watches for `ms` that it neither says that it runs nor schedules anything. @param from the first row that counts */
export async function noneResumes(scene: Scene, from: number, otherwise: string, ms: number): Promise<void> {
  const ticks = scene.count('ticks')
  await scene.never(
    otherwise,
    () => scene.rows.slice(from).some(({ state }) => state === 'running') || scene.count('ticks') > ticks,
    ms,
  )
}

/** The scheduler works again, if the program has one that can be seen. */
export async function schedulesAgain(scene: Scene): Promise<void> {
  if (scene.count('ticks') > 0) await scene.ticks()
}

/** Clocks on one machine agree to this. */
const ROUNDING_MS = 100

/** A held listener resumes when the lease ends at `expiry`, by itself: not before, and soon after. */
export async function resumesAt(scene: Scene, from: number, expiry: number): Promise<void> {
  const row = await scene.row('running', { from, limitMs: (await scene.left(expiry)) + 20_000 })
  check(row.at >= expiry - ROUNDING_MS, `it resumed ${Math.round(expiry - row.at)} ms before the lease ended`)
  await schedulesAgain(scene)
}
