import type { Party } from '../party.ts'
import type { Scene } from './scene.ts'

/** Longer than the lease of a drain, and shorter than that of a push. */
const LONG_MS = 90_000

export const nothing = (): void => {}

export function pause(scene: Scene, party: Party | undefined): void {
  if (!party) return
  party.stop()
  scene.disturb(party, LONG_MS, () => party.goOn())
}

export function halfOpen(scene: Scene, party: Party | undefined): void {
  if (!party) return
  party.proxy.freeze()
  scene.disturb(party, LONG_MS, () => {
    // What was sent on a link that one side gave up is nobody's.
    party.proxy.drop()
    party.proxy.thaw()
  })
}

export function reset(scene: Scene, party: Party | undefined): void {
  if (!party) return
  party.proxy.drop()
  scene.disturb(party, 1_000, nothing)
}
