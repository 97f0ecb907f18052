import * as core from '@actions/core'
import type { LeftBehind } from '../deploy/end-hold.ts'

/** One name, shared by the main step that writes it and the post step that reads it. */
const HOLD = 'hold'

/** Called before anybody is asked to drain, so that the post step can end it whatever happens from here on. */
export function rememberHold(held: LeftBehind): void {
  core.saveState(HOLD, { id: held.id, fingerprint: held.fingerprint ?? '' })
}

/** Called when the deploy has ended its hold itself. */
export function rememberEnd(): void {
  core.saveState(HOLD, '')
}

/** What the main step of this very job acquired and did not end; `undefined` when there is nothing. */
export function recallHold(): LeftBehind | undefined {
  const saved = core.getState(HOLD)
  if (saved === '') return undefined
  const { id, fingerprint } = JSON.parse(saved) as { id: string; fingerprint: string }
  return { id, fingerprint: fingerprint || undefined }
}
