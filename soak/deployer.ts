import { AppRedis } from '../src/deploy/app-redis.ts'
import { deploy, type Heroku } from '../src/deploy/deploy.ts'
import { endHold } from '../src/deploy/end-hold.ts'
import type { DeployPlan } from '../src/deploy/plan.ts'
import type { DeployReport } from '../src/deploy/report.ts'
import { DeployError } from '../src/outcome.ts'
import type { Ledger } from './ledger.ts'
import type { Party } from './party.ts'
import type { PlannedDeploy } from './plan.ts'

/** A whole deploy by the shipped code, in a process that can be stopped and killed. */
export class Deployer {
  readonly name: string
  readonly party: Party
  readonly plan: DeployPlan
  readonly #planned: PlannedDeploy
  readonly #ledger: Ledger
  readonly #cancel = new AbortController()
  readonly #speed: number
  /** of its drain, once it is about to ask for one */
  id: string | undefined
  #fingerprint: string | undefined
  report: DeployReport | undefined
  /** whether its log said that it pushes over somebody who is not drained */
  pushesAnyway = false
  /** who went back to scheduling under its push, and when, ms of the history: it must have told by its end */
  mustHaveWarned: { readonly of: string; readonly at: number } | undefined

  constructor(
    name: string,
    party: Party,
    processes: DeployPlan['processes'],
    planned: PlannedDeploy,
    around: {
      readonly ledger: Ledger
      readonly speed: number
      readonly server: { readonly gateName: string }
    },
  ) {
    this.name = name
    this.party = party
    this.#planned = planned
    this.#ledger = around.ledger
    this.#speed = around.speed
    this.plan = {
      app: 'shop',
      apiKey: 'HRKU-history',
      apiUrl: 'http://127.0.0.1:1',
      gitUrl: 'http://127.0.0.1:1',
      redis: { url: party.proxy.url('redis://127.0.0.1'), configVar: 'REDIS_URL', tls: 'auto' },
      gateName: around.server.gateName,
      processes,
      acknowledgeTimeoutMs: Math.min(30_000, planned.drainTimeoutMs),
      drainTimeoutMs: planned.drainTimeoutMs,
      onDrainTimeout: planned.onDrainTimeout,
      onMissingClock: 'fail',
      skipDrain: false,
      drainAt: 'before-push',
      drainFrom: 'runner',
      strategy: { kind: 'git-push' },
      upToDate: 'skip',
      ref: 'HEAD',
      branch: 'main',
      forcePush: false,
      onRunningBuild: 'wait',
      deployTimeoutMs: planned.deployTimeoutMs ?? DEPLOY_TIMEOUT_MS,
      waitForDynosMs: 0,
      rollbackOnFailure: false,
      dryRun: false,
      waitForClockMs: planned.waitForClockMs ?? 60_000,
      directory: '.',
      asker: { name },
    }
  }

  async run(heroku: Heroku): Promise<void> {
    const { party } = this
    const { cancelledAfterMs } = this.#planned
    if (cancelledAfterMs !== undefined) {
      void party.time.sleep(cancelledAfterMs).then(() => this.cancel())
    }
    const needs = this.#needs(party)
    const report = await deploy(this.plan, {
      heroku,
      redis: new AppRedis(this.plan, { ...needs, configVar: heroku.configVar }),
      ...needs,
      group: (heading, work) => {
        if (!party.gone) this.#ledger.write(this.name, `begins: ${heading}`)
        return work()
      },
      cancel: this.#cancel.signal,
      remember: ({ id, fingerprint }) => {
        this.id = id
        this.#fingerprint = fingerprint
      },
    })
    await party.enter()
    this.report = report
    this.#ledger.write(this.name, `ends: ${report.outcome}. ${report.message}`)
  }

  /** As a runner does with a job that somebody cancels. */
  cancel(): void {
    if (!this.report)
      this.#cancel.abort(new DeployError('cancelled', 'The workflow run was cancelled.', 'Run it again.'))
  }

  /** The process ends now. */
  crash(silently: boolean): void {
    if (this.party.gone || this.report) return
    this.#ledger.write(this.name, 'crashes')
    this.party.die(silently)
    this.#cancel.abort(new Error('gone'))
  }

  get running(): boolean {
    return !this.party.gone && this.report === undefined
  }

  /** What the runner does after a step that was killed: ends its hold, from another process. */
  async post(party: Party): Promise<void> {
    if (!this.#planned.post || this.id === undefined) return
    const url = party.proxy.url('redis://127.0.0.1')
    const plan = { ...this.plan, redis: { ...this.plan.redis, url } }
    const needs = { ...this.#needs(party), signal: new AbortController().signal, configVar: async () => url }
    await endHold(plan, { id: this.id, fingerprint: this.#fingerprint }, needs).catch((error: unknown) =>
      this.#ledger.write(party.name, `could not end the hold: ${(error as Error).message}`),
    )
  }

  #needs(party: Party) {
    const { info, warning } = this.#ledger.logOf(party.name)
    return {
      log: {
        info: (line: string) => void (party.gone || info(line)),
        warning: (line: string) => {
          if (line.includes('Deploying all the same')) this.pushesAnyway = true
          if (!party.gone) warning(line)
        },
      },
      time: party.time,
      // No history checks its health.
      fetch: () => Promise.reject(new TypeError('not asked for')),
      mask: () => {},
      patience: {
        commandMs: 10_000 / this.#speed,
        silentLinkMs: 5_000 / this.#speed,
        reconnectMs: 2_000 / this.#speed,
        firstMs: { least: 300 / this.#speed, most: 5_000 / this.#speed },
      },
    }
  }
}

export const DEPLOY_TIMEOUT_MS = 200_000
