import { randomUUID } from 'node:crypto'
import { DeployError } from '../outcome.ts'
import { exchange, readAnnounced } from '../protocol/announced.ts'
import { type AnnouncedDeploy, type Failure, readAnnouncement, writeAnnouncement } from './announcement.ts'
import { describeAsker } from './asker.ts'
import type { Surroundings } from './gate.ts'
import { answered, outlast } from './outlast.ts'
import type { DrainTerms } from './terms.ts'

/** What the process that takes an announcement knows of itself. */
export interface Taker {
  /** `release.1234` */
  readonly dyno: string
  /** full SHA of the release that it belongs to, where it knows that */
  readonly commit?: string
  /** the terms that it was given itself: they count for more than the announced ones */
  readonly given: Partial<DrainTerms>
}

/** An announced deploy that this process drains for. */
export interface TakenDeploy extends Pick<AnnouncedDeploy, 'id' | 'asker' | 'terms'> {
  /**
   * Makes sure that the deploy still wants its drain. To be called when that is in force: whoever withdrew before has not ended it.
   * @throws DeployError (`cancelled`, `preflight-failed`)
   */
  confirm(): Promise<void>
  /** Tells the deploy how its drain failed. Never rejects. */
  failed(error: unknown): Promise<void>
}

/**
 * Takes the announcement that is there, if it is for the release of `taker`: from then on nobody else can.
 * @throws DeployError (`preflight-failed`)
 */
export async function takeAnnouncement(
  around: Surroundings,
  { dyno, commit, given }: Taker,
): Promise<TakenDeploy | undefined> {
  const { host, keys, log, time, numbers } = around
  const lifeMs = numbers.announcedMs
  const current = await answered(around, () => readAnnounced(host, keys))
  if (current === '') return undefined
  const announced = readAnnouncement(current)
  if (announced === undefined) {
    log.warning(`${keys.announced} holds what is no announcement of this version; it is left alone`)
    return undefined
  }
  const { id, asker } = announced
  const whose = `the deploy by ${describeAsker(JSON.stringify(asker))}`
  if (announced.taken !== undefined) {
    log.info(`${whose} is announced, and ${announced.taken.split('#', 1)[0]} drains for it`)
    return undefined
  }
  if (commit !== undefined && asker.commit !== undefined && commit !== asker.commit) {
    log.info(`${whose} is announced, and this is the release of ${commit.slice(0, 8)}`)
    return undefined
  }
  const taken = { id, asker, terms: mergeTerms(announced.terms, given), taken: `${dyno}#${randomUUID()}` }
  const text = writeAnnouncement(taken)
  const took = await answered(around, () => exchange(host, keys, { before: current, after: text, lifeMs }))
  if (!took.done) return undefined
  log.info(`draining for ${whose}`)
  return {
    id,
    asker,
    terms: taken.terms,
    async confirm() {
      const kept = await answered(around, () => exchange(host, keys, { before: text, after: text, lifeMs }))
      if (kept.done) return
      throw new DeployError(
        'cancelled',
        `${whose} has ended meanwhile, so nobody waits for this release.`,
        'Who was asked to drain goes on. Run the deploy again if it is still wanted.',
      )
    },
    async failed(error) {
      const after = writeAnnouncement({ ...taken, failure: failureOf(error) })
      const patience = { time, againMs: numbers.renewAgainMs, forMs: numbers.resumeWatchMs }
      await outlast(patience, () => exchange(host, keys, { before: text, after, lifeMs })).catch(
        (cause: Error) => log.warning(`the deploy could not be told why (${cause.message})`),
      )
    },
  }
}

/** What the process was given itself counts; an announced time to accept must not be longer than the drain. */
export function mergeTerms(announced: DrainTerms, given: Partial<DrainTerms>): DrainTerms {
  const terms = { ...announced, ...given }
  return { ...terms, acknowledgeTimeoutMs: Math.min(terms.acknowledgeTimeoutMs, terms.drainTimeoutMs) }
}

/** Complaints are about a drain that comes before the push. */
const inReleasePhase = (text: string) => text.replaceAll('Nothing was pushed', 'Nothing was released')

function failureOf(error: unknown): Failure {
  if (error instanceof DeployError)
    return {
      outcome: error.outcome as Failure['outcome'],
      message: inReleasePhase(error.message),
      next: inReleasePhase(error.next),
    }
  const message = error instanceof Error ? error.message : String(error)
  return { outcome: 'release-failed', message, next: 'heroku releases:output shows the rest.' }
}
