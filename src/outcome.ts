/** Every way a deploy can end. A closed set: the output `outcome` is one of these words, `docs/outcomes.md` explains each. */
export const OUTCOMES = [
  'deployed',
  'up-to-date',
  'dry-run',
  'preflight-failed',
  'nothing-to-deploy',
  'busy',
  'missing-clock',
  'not-acknowledged',
  'refused',
  'drain-timeout',
  'lease-lost',
  'push-failed',
  'build-failed',
  'promotion-failed',
  'command-failed',
  'release-failed',
  'dynos-not-up',
  'clock-not-seen',
  'health-check-failed',
  'deploy-timeout',
  'cancelled',
  'failed',
] as const

export type Outcome = (typeof OUTCOMES)[number]

/** The outcomes after which the workflow step is green. */
export const SUCCESSES = ['deployed', 'up-to-date', 'dry-run'] as const satisfies readonly Outcome[]

export function isSuccess(outcome: Outcome): outcome is (typeof SUCCESSES)[number] {
  return SUCCESSES.some((one) => one === outcome)
}

/** A deploy that ended otherwise than hoped, in the words of the person who has to act on it. */
export class DeployError extends Error {
  override readonly name = 'DeployError'
  readonly outcome: Outcome
  /** What to do about it: one or more whole sentences. */
  readonly next: string

  /**
   * @param outcome how the deploy ended
   * @param message what happened, and to what: whole sentences, no secret
   * @param next what the reader should do
   */
  constructor(
    outcome: Exclude<Outcome, (typeof SUCCESSES)[number]>,
    message: string,
    next: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.outcome = outcome
    this.next = next
  }
}
