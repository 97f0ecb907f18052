/** What is checked: one entry for each run of the checker. README.md says what the invariants and settings mean. */
export interface Check {
  readonly name: string
  readonly kind: 'holds' | 'mutant' | 'happens' | 'limit'
  /** settings of configuration.pml, and switches of the model */
  readonly settings: Readonly<Record<string, number>>
  /** the assertion that must be violated; absent where none may be */
  readonly violates?: string
}

const ALONE = {}
const RESTART = { BOOTS: 2, CRASHES: 1, PROMPT: 1 }
const LOSS = { LOSSES: 2 }
const TWO = { DEPLOYERS: 2 }
const RELEASE = { NEXT: 1, PROMPT: 1 }
const FAILOVER = { FAILOVERS: 1, LOSSES: 1, PROMPT: 1, ONLY: 2 }

const holds = (name: string, settings: Check['settings']): Check => ({ name, kind: 'holds', settings })

/** What must hold, however the steps interleave. */
const configurations: readonly Check[] = [
  holds('one deployer, one dyno, fine time', { TICK: 15, SLOW: 1, OWN_LEASE: 1, BOUNDED: 1 }),
  holds('keys are lost', { ...LOSS, BOUNDED: 1, OWN_LEASE: 1, FAILURES: 1 }),
  holds('a dyno restarts', { ...RESTART, SIGTERMS: 1, FAILURES: 1 }),
  holds('a dyno restarts, and keys are lost', { ...RESTART, LOSSES: 1 }),
  holds('two dynos', { DYNOS: 2, PROMPT: 1 }),
  holds('two deployers', { ...TWO, BOUNDED: 1 }),
  holds('two deployers, and keys are lost', { ...TWO, PROMPT: 1, LOSSES: 1 }),
  holds('a new release boots early', { ...RELEASE, SIGTERMS: 1 }),
  holds('a replica that lags takes over', FAILOVER),
  holds('a lease that is renewed for ever', { CAP: 5 }),
]

const mutant = (name: string, violates: string, settings: Check['settings'], flag: string): Check => ({
  name,
  kind: 'mutant',
  settings: { ...settings, [`MUTANT_${flag}`]: 1, ONLY: Number(violates.slice(1)) },
  violates,
})

/** What breaks which invariant. */
const mutants: readonly Check[] = [
  mutant('commit looks at no hold', 'I1', ALONE, 'NO_HOLD_CHECK'),
  mutant('commit executed again looks at nobody', 'I1', ALONE, 'GRANTED_AGAIN'),
  mutant('commit expects no number', 'I1', LOSS, 'NO_EXPECTED_COUNT'),
  mutant('commit counts an acknowledgement of any epoch', 'I8', { ...TWO, PROMPT: 1 }, 'COUNTS_ANY_EPOCH'),
  mutant('no boot barrier', 'I1', RESTART, 'NO_BOOT_BARRIER'),
  mutant('epoch by a bare INCR: goes back', 'I4', { ...TWO, ...LOSS, PROMPT: 1 }, 'BARE_INCR'),
  mutant('epoch by a bare INCR: an old answer counts', 'I8', { ...TWO, ...LOSS, PROMPT: 1 }, 'BARE_INCR'),
  mutant('acquire without a deadline', 'I2', ALONE, 'NO_DEADLINE'),
  mutant('renew revives an expired lease', 'I2', ALONE, 'RENEW_REVIVES'),
  mutant('anybody finishes', 'I9', TWO, 'ANYBODY_FINISHES'),
  mutant('anybody finishes: a push over a running one', 'I1', TWO, 'ANYBODY_FINISHES'),
  mutant('participant accepts a finished epoch', 'I2', ALONE, 'ACCEPTS_FINISHED'),
  mutant('participant accepts a lower epoch', 'I2', FAILOVER, 'ACCEPTS_LOWER'),
  mutant('participant resumes when the intent is missing', 'I1', LOSS, 'MISSING_RESUMES'),
  mutant('participant counts its lease from sending', 'I1', { TICK: 15, SLOW: 1 }, 'LEASE_FROM_SENDING'),
  mutant('participant counts a lease of its own', 'I3', { BOUNDED: 1 }, 'LEASE_OF_ITS_OWN'),
  mutant('participant never lapses', 'I3', { BOUNDED: 1 }, 'NEVER_LAPSES'),
  mutant('the own cap begins anew with each answer', 'I3', { CAP: 5 }, 'CAP_BEGINS_ANEW'),
  mutant('participant resumes beside a newer release', 'I10', RELEASE, 'BLIND_TO_NEWER'),
]

/** What the protocol does not promise, or promises only as long as something is so. */
const limits: readonly Check[] = [
  {
    name: "the server's clock steps back",
    kind: 'limit',
    settings: { ASSUMPTION_CLOCK_STEPS_BACK: 1, ONLY: 1 },
    violates: 'I1',
  },
  {
    name: 'a boot that never reached the server takes part',
    kind: 'limit',
    settings: { ...RESTART, ASSUMPTION_BARRIER_IS_SURE: 1, ONLY: 1 },
    violates: 'I1',
  },
  {
    name: 'a replica that lags shortens a hold',
    kind: 'limit',
    settings: { FAILOVERS: 1, PROMPT: 1, ONLY: 1 },
    violates: 'I1',
  },
  {
    name: 'a later drain is withdrawn beside a newer release',
    kind: 'limit',
    settings: { ...RELEASE, DEPLOYERS: 2, IN_TURN: 1, FLAW_LATER_DRAIN: 1, ONLY: 10 },
    violates: 'I10',
  },
]

const happens = (name: string, goal: number, settings: Check['settings']): Check => ({
  name,
  kind: 'happens',
  settings: { ...settings, GOAL: goal, ONLY: 99 },
  violates: 'goal',
})

/** What does happen, so that nothing holds for want of it. The numbers are those of properties.pml. */
const reached: readonly Check[] = [
  happens('a push', 1, ALONE),
  happens('a release', 2, RELEASE),
  happens('a resume by lapse', 3, ALONE),
  happens('a rebinding', 4, { ...TWO, PROMPT: 1 }),
  happens('a refusal', 5, ALONE),
  happens('a deployer that finds the gate taken', 6, TWO),
  happens('a boot that is held', 7, RESTART),
  happens('a resume after a release', 8, RELEASE),
  happens('a resume at the own cap', 9, { CAP: 5 }),
  happens('a resume on a withdrawal', 10, ALONE),
  happens('a commit granted twice', 11, ALONE),
  happens('a push though a process crashed', 12, RESTART),
  happens('a push though keys were lost', 13, LOSS),
  happens('a second push', 14, TWO),
  happens('quiet for good beside a newer release', 15, RELEASE),
]

export const CHECKS: readonly Check[] = [...configurations, ...mutants, ...limits, ...reached]
