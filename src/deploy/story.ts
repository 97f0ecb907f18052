import { enumerate } from '../enumerate.ts'
import type { Held } from '../gate/held.ts'
import type { Log } from '../log.ts'
import { DeployError, type Outcome } from '../outcome.ts'
import type { Time } from '../time.ts'
import { reportHolds } from './hold-report.ts'
import type { DeployPlan } from './plan.ts'
import type { DeployReport, Span } from './report.ts'
import type { Target } from './surroundings.ts'

/** Where a deploy is: what a person must know when it stops there. */
export type Stage = 'preflight' | 'draining' | 'pushing' | 'verifying' | 'released'

/** The ways in which a release is made. */
export type Deed = DeployPlan['strategy']['kind']

/** Who accepts within this has no bar for that: it would be one more for each, and tell nothing. */
const MOMENT_MS = 100

/** A message names so many dynos. */
const MOST_NAMED = 5

/** What a story tells of a hold. */
export type FollowedHold = Pick<Held, 'participants' | 'elapsedMs' | 'quietMs' | 'remedy'>

type StoryPlan = Pick<DeployPlan, 'app' | 'strategy'>

/** What happens in a deploy, written down as it happens, so that any ending can be reported. */
export class Story {
  readonly log: Log
  stage: Stage = 'preflight'
  /** how the release is made */
  deed: Deed
  commit: string | undefined
  url: string | undefined
  release: string | undefined
  /** the release by which it was taken back */
  rollback: string | undefined
  /** the release to which the app is being taken back, `v42` */
  goingBackTo: string | undefined
  readonly #plan: StoryPlan
  readonly #time: Time
  readonly #startedAt: number
  readonly #warnings: string[] = []
  readonly #spans: Span[] = []
  /** a second one is of the new release's participants, when it is taken back */
  readonly #holds: { readonly hold: FollowedHold; readonly fromMs: number }[] = []

  constructor(plan: StoryPlan, time: Time, log: Log) {
    this.#plan = plan
    this.deed = plan.strategy.kind
    this.#time = time
    this.#startedAt = time.now()
    this.log = {
      info: (line) => log.info(line),
      warning: (line) => {
        this.#warnings.push(line)
        log.warning(line)
      },
    }
  }

  /** It is known what is deployed, and over what. */
  begins({ what, commit, webUrl, currentRelease }: Target): void {
    const { app } = this.#plan
    this.log.info(`${app} ${currentRelease ? `runs ${currentRelease}` : 'runs no release yet'}; ${what}`)
    this.commit = commit || undefined
    this.url = webUrl || undefined
  }

  /** What is deployed, in the middle of a sentence. */
  get named(): string {
    return this.commit === undefined ? 'what was asked for' : this.commit.slice(0, 8)
  }

  /** Does `work` as one bar of the chart. */
  async span<T>(name: string, section: Span['section'], work: () => Promise<T>): Promise<T> {
    const fromMs = this.#elapsedMs()
    let failed = true
    try {
      const result = await work()
      failed = false
      return result
    } finally {
      this.#spans.push({ name, section, fromMs, toMs: this.#elapsedMs(), failed })
    }
  }

  /** The participants of `hold` belong to this story from now on. */
  follow(hold: FollowedHold): void {
    this.#holds.push({ hold, fromMs: this.#elapsedMs() - hold.elapsedMs })
  }

  /** The report of a deploy that went as hoped. */
  ended(outcome: Outcome, message: string): DeployReport {
    return this.#report(outcome, message, '')
  }

  /** The report of a deploy that ended with `error`. */
  failed(error: unknown): DeployReport {
    const first = this.#remedies.map((remedy) => `${remedy} `).join('')
    if (error instanceof DeployError)
      return this.#report(
        error.outcome,
        `${error.message}${this.#aftermath(error) || this.#backAtWork}`,
        `${first}${error.next}`,
      )
    const message = error instanceof Error ? error.message : String(error)
    return this.#report(
      'failed',
      `Something unexpected went wrong while ${STAGES[this.stage]}: ${message}${this.#aftermath()}`,
      `${first}Please report it with the log of this run: it is a fault of this action, or a situation that it does not know.`,
    )
  }

  /** What a stop from outside leaves behind, which the error itself can't know. */
  #aftermath(error?: DeployError): string {
    if (error && error.outcome !== 'cancelled' && error.outcome !== 'deploy-timeout') return ''
    if (this.rollback !== undefined) {
      return ` ${this.release} is released and did not work. It was taken back by ${this.rollback}; whether that works was not waited for.`
    }
    if (this.goingBackTo !== undefined) {
      return ` ${this.release} is released and does not work. Going back to ${this.goingBackTo} was ended here: \`heroku releases --app ${this.#plan.app}\` tells how far it came, and \`heroku rollback ${this.goingBackTo} --app ${this.#plan.app}\` goes back by hand.`
    }
    const goesOn = this.#remedies.length === 0
    const clock = goesOn ? 'goes on' : 'may stay stopped'
    switch (this.stage) {
      case 'preflight':
        return ' Nobody was asked to drain, and nothing was pushed.'
      case 'draining':
        return ` Nothing was pushed, and the clock ${clock}.`
      case 'pushing':
        return ` ${DEEDS[this.deed]} was ended here, but Heroku may still ${this.deed === 'git-push' ? 'build and release it' : 'go on with it'}: \`heroku releases --app ${this.#plan.app}\` tells. The old clock ${clock} until then${goesOn ? ', and would get SIGTERM without a drain' : ''}.`
      case 'verifying':
        return ` ${DEEDS[this.deed]} went through; its release was not verified: \`heroku releases --app ${this.#plan.app}\` tells. The old clock ${clock} until it is replaced.`
      case 'released':
        return ` ${this.release} is released; whether it works was not waited for.`
    }
  }

  /** Who went back to work after a release that came to nothing, as a sentence. What fails before that says so itself. */
  get #backAtWork(): string {
    if (this.stage !== 'pushing' && this.stage !== 'verifying') return ''
    const participants = this.#holds.flatMap(({ hold }) => hold.participants)
    const back = participants.flatMap(({ dyno, resumedMs }) => (resumedMs === undefined ? [] : dyno))
    return back.length === 0
      ? ''
      : ` ${enumerate(back, MOST_NAMED)} ${back.length === 1 ? 'is' : 'are'} back at work.`
  }

  /** what a person must do for participants that stay stopped */
  get #remedies(): string[] {
    return this.#holds.flatMap(({ hold }) => hold.remedy ?? [])
  }

  #report(outcome: Outcome, message: string, next: string): DeployReport {
    return {
      outcome,
      message,
      next,
      app: this.#plan.app,
      ...reportHolds(this.#holds.map(({ hold }) => hold)),
      ...(this.release !== undefined && { release: this.release }),
      ...(this.rollback !== undefined && { rollback: this.rollback }),
      ...(this.commit !== undefined && { commit: this.commit }),
      ...(this.url !== undefined && { url: this.url }),
      warnings: this.#warnings,
      spans: [...this.#spans, ...this.#holds.flatMap((one) => this.#participantSpans(one))].sort(
        (a, b) => a.fromMs - b.fromMs,
      ),
    }
  }

  #participantSpans({ hold, fromMs: began }: { hold: FollowedHold; fromMs: number }): Span[] {
    const bar = (name: string, fromMs: number, toMs: number, failed: boolean): Span => ({
      name,
      section: 'gate',
      fromMs: fromMs + began,
      toMs: toMs + began,
      failed,
    })
    return hold.participants.flatMap((one) => {
      const end = one.resumedMs ?? hold.elapsedMs
      const accepted = one.acceptedMs
      const asked = bar(`${one.dyno} asked`, one.seenMs, accepted ?? end, accepted === undefined)
      if (accepted === undefined) return [asked]
      const shown = accepted - one.seenMs < MOMENT_MS ? [] : [asked]
      return [
        ...shown,
        bar(`${one.dyno} draining`, accepted, one.drainedMs ?? end, one.drainedMs === undefined),
      ]
    })
  }

  #elapsedMs(): number {
    return this.#time.now() - this.#startedAt
  }
}

const DEEDS: Record<Deed, string> = {
  'git-push': 'The push',
  promote: 'The promotion',
  slug: 'The release of the slug',
  command: 'The deploy command',
}

const STAGES: Record<Stage, string> = {
  preflight: 'checking',
  draining: 'draining',
  pushing: 'pushing',
  verifying: 'verifying the release',
  released: 'waiting for the new release',
}
