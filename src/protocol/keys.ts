/** The Redis keys and channels of one gate. They share a hash tag, so a Redis Cluster keeps them on one slot. */
export interface GateKeys {
  /** hash: the one drain intent */
  readonly intent: string
  /** string: the last epoch given out */
  readonly epoch: string
  /** hash: participant id → row */
  readonly roster: string
  /** string: the deploy whose release phase will ask for its drain; forgotten by itself */
  readonly announced: string
  /** channel: "beat now"; carries no state */
  readonly doorbell: string
  /** channel: "a row changed"; for the deployer, which reads the roster then */
  readonly reports: string
}

const GATE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** What a gate name may be, in words for an error message. */
export const GATE_NAME_RULE =
  '1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit'

/** Whether `name` can name a gate. A brace would end the hash tag early and put the keys on different slots. */
export function isGateName(name: string): boolean {
  return GATE_NAME.test(name)
}

/**
 * What every key of the gate `name` begins with, up to a colon.
 * @throws RangeError when `name` is not a gate name
 */
export function gatePrefix(name: string): string {
  if (!isGateName(name)) throw new RangeError(`gate name ${JSON.stringify(name)}: expected ${GATE_NAME_RULE}`)
  return `deploy-gate:{${name}}`
}

/**
 * The keys of the gate `name`.
 * @throws RangeError when `name` is not a gate name
 */
export function gateKeys(name: string): GateKeys {
  const prefix = gatePrefix(name)
  return {
    intent: `${prefix}:intent`,
    epoch: `${prefix}:epoch`,
    roster: `${prefix}:roster`,
    announced: `${prefix}:announced`,
    doorbell: `${prefix}:doorbell`,
    reports: `${prefix}:reports`,
  }
}
