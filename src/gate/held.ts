/** What one participant did, in ms since the request; what is absent is not known. Texts come from the participant: escape them. */
export interface HeldParticipant {
  readonly id: string
  readonly dyno: string
  readonly type: string
  readonly state: string
  /** when it was first seen */
  readonly seenMs: number
  readonly acceptedMs?: number
  readonly drainedMs?: number
  /** when it was seen scheduling again */
  readonly resumedMs?: number
  readonly finished?: number
  readonly stored?: number
  /** jobs that ran when it was lost */
  readonly lost?: number
  readonly note?: string
}

/**
 * Participants that were asked to drain, by whichever protocol they speak. Leaving the scope by any road but `release` gives them back
 * to their schedules, as far as the protocol can. Every waiting method rejects when the deploy is cancelled or out of time.
 */
export interface Held extends AsyncDisposable {
  readonly participants: readonly HeldParticipant[]
  /** ms since the request */
  readonly elapsedMs: number
  /** how long no asked participant was scheduling; still counting while that lasts */
  readonly quietMs: number | undefined
  /** what a person must do for participants that stay stopped; absent where nobody does. Final when the scope has been left */
  readonly remedy?: string | undefined
  /** Waits until everybody is drained; false when the time was up and the terms say to deploy anyway. @throws DeployError */
  drained(): Promise<boolean>
  /** Opens the gate: from here on the push may begin. @param anyway whoever is not drained. @throws DeployError */
  commit(anyway: boolean): Promise<void>
  /** What a person should know while the push runs; empty when all is well. */
  concerns(): Promise<readonly string[]>
  /** The new release runs. Never rejects. */
  release(): Promise<void>
  /**
   * Waits for the new release's participants, until `over` aborts at the latest: it rejects with its reason then.
   * @returns the dynos that were seen. @throws DeployError (`clock-not-seen`)
   */
  successor(waitMs: number, release: string, over?: AbortSignal): Promise<readonly string[]>
}
