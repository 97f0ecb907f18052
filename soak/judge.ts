import { NUMBERS as GATE } from '../src/gate/numbers.ts'
import { NUMBERS as PARTICIPANT } from '../src/participant/numbers.ts'
import { processType } from '../src/participant/options.ts'
import type { Boot } from './boot.ts'
import type { Deployer } from './deployer.ts'
import type { Party } from './party.ts'
import type { PlannedFault } from './plan.ts'
import type { Drain, WitnessedRow } from './witness.ts'
import type { World } from './world.ts'

/** What a busy machine may take, at any speed, ms of the history. */
const SLACK_MS = 15_000

/** MONITOR tells of a command so long after it was executed, at the most, ms of the history. */
const HEARSAY_MS = 1_000

/** Stalls of the machine count for so long. */
const STALLS_COUNT_MS = 200_000

/** Endings after which nothing may have been pushed. */
const UNPUSHED = new Set([
  'busy',
  'missing-clock',
  'not-acknowledged',
  'refused',
  'drain-timeout',
  'preflight-failed',
])

/** Looks at what parties do in the moment in which they do it, and says which rules that breaks. */
export class Judge {
  readonly #world: World
  /** until when a party's link or process is not to be relied on, ms of the history */
  readonly #disturbedUntil = new Map<Party, number>()
  #outageUntil = 0
  #stepped = false
  #dataLostAt = Number.NEGATIVE_INFINITY
  /** who was quiet as a push began, and since when the gate was open, server ms */
  readonly #held: { readonly drain: Drain; readonly boots: ReadonlySet<Boot>; readonly by: string }[] = []

  constructor(world: World) {
    this.#world = world
  }

  disturbed(party: Party, { lastsMs }: Pick<PlannedFault, 'lastsMs'>): void {
    const until = this.#world.ledger.now + lastsMs + SLACK_MS
    this.#disturbedUntil.set(party, Math.max(this.#disturbedUntil.get(party) ?? 0, until))
  }

  /** The server answers nobody for so long: nobody can be told of a release. */
  outage(lastsMs: number): void {
    this.#outageUntil = Math.max(this.#outageUntil, this.#world.ledger.now + lastsMs)
  }

  stepped(): void {
    this.#stepped = true
  }

  dataLost(): void {
    this.#dataLostAt = this.#world.ledger.now
  }

  /** The first byte of a push: everybody must be quiet, for this deploy, and stay so for the margin. */
  pushes(by: string): void {
    const { ledger, platform, witness } = this.#world
    const deployer = this.#deployer(by)
    if (deployer?.pushesAnyway) return
    const there = platform.boots.filter((boot) => boot.alive && !boot.terminated && this.#isKnown(boot))
    for (const boot of there) {
      if (boot.app.scheduling || boot.app.running > 0)
        ledger.broken(
          'I1',
          by,
          `pushes while ${boot.party.name} ${boot.app.scheduling ? 'schedules' : 'runs a job'}`,
        )
    }
    const drain = [...witness.drains.values()].findLast(({ id }) => id === deployer?.id)
    if (!drain) {
      ledger.broken('I1', by, 'pushes without a drain')
      return
    }
    const quiet = there.filter(({ app }) => !app.scheduling)
    for (const boot of quiet) {
      const epoch = witness.rows.get(boot.id)?.epoch
      if (epoch !== drain.epoch)
        ledger.broken(
          'I8',
          by,
          `pushes at epoch ${drain.epoch}, and ${boot.party.name} answered ${epoch ?? 'none'}`,
        )
    }
    this.#held.push({ drain, boots: new Set(quiet), by })
  }

  /** A process goes to scheduling: the first time, or again. What the server had done before is heard of a moment later. */
  schedules(boot: Boot): void {
    const { ledger, time, witness } = this.#world
    const { now } = ledger
    const row = witness.rows.get(boot.id)
    // By then a drain may be asked for that it was not told of when it began.
    if (row?.epoch === undefined && !boot.app.begun) this.#begins(boot)
    void time.sleep(HEARSAY_MS).then(() => {
      const drain = row?.epoch === undefined ? undefined : witness.drains.get(row.epoch)
      if (row && drain) this.#schedulesAgain(boot, row, drain, now)
    })
  }

  #schedulesAgain(boot: Boot, asked: WitnessedRow, drain: Drain, now: number): void {
    const { ledger, server } = this.#world
    const at = (serverMs: number) => server.timeOf(serverMs) - ledger.began
    const isOver = at(drain.finishedAt ?? Number.POSITIVE_INFINITY) <= now + HEARSAY_MS || drain.forgotten
    for (const { drain: open, boots } of this.#held) {
      const margin = at(open.committedAt ?? 0) + GATE.marginMs
      if (open === drain && boots.has(boot) && !isOver && !this.#stepped && now < margin)
        ledger.broken(
          'I1',
          boot.party.name,
          `schedules ${Math.round(margin - now)} ms before the margin ends`,
        )
    }
    const due =
      drain.phase === 'released'
        ? Math.max(at(drain.finishedAt ?? 0), this.#disturbedUntil.get(boot.party) ?? 0, this.#outageUntil) +
          PARTICIPANT.pushingBeatMs.most +
          PARTICIPANT.quietAfterReleaseMs +
          PARTICIPANT.quietBeatMs
        : at(drain.expiry)
    if (now > due + this.#slackMs && !this.#isDisturbed(boot.party))
      ledger.broken(
        'I3',
        boot.party.name,
        `schedules again ${Math.round(now - due)} ms after its hold was over`,
      )
    if (drain.phase === 'released') this.#beside(boot, asked, drain)
    this.#mustBeToldOf(boot, drain)
  }

  /** Who boots into a drain does not schedule before it is over. */
  #begins(boot: Boot): void {
    const { ledger, witness } = this.#world
    if (this.#isDisturbed(boot.party)) return
    for (const drain of witness.drains.values()) {
      const isOpen = drain.phase === 'draining' && !drain.forgotten && drain.types.has(processType(boot.dyno))
      if (isOpen && drain.told.has(boot.id))
        ledger.broken('I7', boot.party.name, `begins to schedule though it was told of epoch ${drain.epoch}`)
    }
  }

  /** After a release nobody goes back to scheduling beside the newer release. */
  #beside(boot: Boot, asked: WitnessedRow, drain: Drain): void {
    const { ledger, platform, witness } = this.#world
    if (this.#isDisturbed(boot.party) || this.#dataLostAt > ledger.now - 120_000 || this.#stepped) return
    for (const newer of platform.boots) {
      const row = witness.rows.get(newer.id)
      if (!newer.alive || newer.terminated || newer.release <= boot.release || row?.type !== asked.type)
        continue
      if (row && row.at < asked.at && row.until > asked.at && row.state === 'running')
        ledger.broken(
          'I10',
          boot.party.name,
          `schedules beside ${newer.party.name}, released at ${drain.epoch}`,
        )
    }
  }

  /** Whoever goes back to scheduling under a push that is under way: its deploy must tell. */
  #mustBeToldOf(boot: Boot, drain: Drain): void {
    if (drain.phase !== 'pushing' || drain.finishedAt !== undefined || boot.temper === 'refuses') return
    const deployer = this.#world.deployers.find(({ id }) => id === drain.id)
    if (!deployer?.running || deployer.pushesAnyway) return
    deployer.mustHaveWarned ??= { of: boot.party.name, at: this.#world.ledger.now }
  }

  /** Resolves when `deployer` has come to no end in the time that it had. */
  async mustEnd(deployer: Deployer): Promise<void> {
    const { time, ledger } = this.#world
    const until = ledger.now + deployer.plan.deployTimeoutMs + 60_000
    while (deployer.running && (ledger.now < until || deployer.party.stopped)) await time.sleep(500)
    if (deployer.running) ledger.broken('ends', deployer.name, 'is not over, long after its deploy-timeout')
  }

  ended({ name, report, mustHaveWarned }: Deployer): void {
    if (!report) return
    const { ledger, platform } = this.#world
    const push = platform.pushes.find(({ by }) => by === name)
    if (report.outcome === 'failed')
      ledger.broken('ends', name, `does not know what happened: ${report.message}`)
    if (report.outcome === 'deployed' && push?.landed === undefined)
      ledger.broken('ends', name, 'says deployed, and nothing was')
    if (push && UNPUSHED.has(report.outcome))
      ledger.broken('ends', name, `says ${report.outcome}, and has pushed`)
    const late = mustHaveWarned && ledger.now - mustHaveWarned.at > 5_000 + this.#slackMs
    if (late && report.outcome === 'deployed' && report.warnings.length === 0)
      ledger.broken(
        'I5',
        name,
        `${mustHaveWarned.of} went back to scheduling under its push, and it said nothing`,
      )
  }

  /** Waits until every process that lives on schedules: each hold has an end. */
  async rest(): Promise<void> {
    const { time, ledger, platform } = this.#world
    const until = ledger.now + GATE.pushLeaseMs + PARTICIPANT.idleBeatMs + this.#slackMs
    // Beside a newer release of its own nobody goes back to scheduling.
    const mayWait = (boot: Boot) =>
      platform.boots.some(
        (other) =>
          other.alive && other.release > boot.release && processType(other.dyno) === processType(boot.dyno),
      )
    const waiting = () =>
      platform.boots.filter(
        (boot) => boot.alive && !boot.terminated && !boot.app.scheduling && !mayWait(boot),
      )
    // What a deploy that was cancelled has pushed may land, and its processes boot, while hearsay is waited for.
    do {
      while (waiting().length > 0 && ledger.now < until) await time.sleep(500)
      await time.sleep(2 * HEARSAY_MS)
    } while (waiting().length > 0 && ledger.now < until)
    for (const boot of waiting())
      ledger.broken('I3', boot.party.name, `does not schedule, and nobody holds it any more (${boot.state})`)
  }

  #deployer(name: string): Deployer | undefined {
    return this.#world.deployers.find((deployer) => deployer.name === name)
  }

  /** A process that Redis never heard of is no participant yet: it may start without the gate after its boot barrier. */
  #isKnown(boot: Boot): boolean {
    return this.#world.witness.rows.has(boot.id)
  }

  /** What may be late by a busy machine, and by a server's clock that was set. */
  get #slackMs(): number {
    return SLACK_MS + this.#world.server.setMs + this.#world.stalledMs(STALLS_COUNT_MS)
  }

  #isDisturbed(party: Party): boolean {
    return (this.#disturbedUntil.get(party) ?? 0) > this.#world.ledger.now
  }
}
