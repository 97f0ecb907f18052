import { Alarm } from '../alarm.ts'
import { formatDuration } from '../duration.ts'
import { DeployError } from '../outcome.ts'
import { exchange, readAnnounced } from '../protocol/announced.ts'
import { finish } from '../protocol/drain.ts'
import { isInForce, look } from '../protocol/look.ts'
import { adopt } from './adopt.ts'
import { type AnnouncedDeploy, readAnnouncement, writeAnnouncement } from './announcement.ts'
import { announcedBy } from './complaint.ts'
import type { Surroundings } from './gate.ts'
import type { Hold } from './hold.ts'
import { isOutage } from './outage.ts'
import { answered, outlast } from './outlast.ts'
import type { Asker, DrainTerms } from './terms.ts'

/**
 * Makes known that this deploy will be drained for by its own release phase. It is known for as long as the announcement is not disposed
 * of, and for three minutes after this process has died.
 * @param id from `newDeployId`: the drain will have it
 * @param asker with the commit that is deployed, where that is known: the release phase of another one leaves the announcement alone
 * @throws DeployError (`busy`, `preflight-failed`)
 */
export async function announce(
  around: Surroundings,
  id: string,
  terms: DrainTerms,
  asker: Asker,
): Promise<Announcement> {
  const { host, keys, numbers } = around
  const text = writeAnnouncement({ id, asker, terms })
  const lifeMs = numbers.announcedMs
  const put = (before: string) =>
    answered(around, () => exchange(host, keys, { before, after: text, lifeMs }))
  let { done, current } = await put('')
  if (!done && readAnnouncement(current) === undefined) {
    // Nobody can take what is no announcement.
    around.log.warning(`${keys.announced} held what is no announcement of this version; it is replaced`)
    ;({ done, current } = await put(current))
  }
  const there = readAnnouncement(current)
  // An answer may have been lost for so long that the release phase was faster.
  if (!done && there?.id !== id) throw announcedBy(JSON.stringify(there?.asker ?? {}))
  const announcement = new Announcement(around, { id, asker, terms })
  await announcement.begin()
  return announcement
}

/**
 * A deploy that is announced. Leaving its scope withdraws it: a release phase that comes later drains on its own account. A drain that was
 * begun for it and that nobody has adopted is aborted, and so is one that its release phase is just about to ask for.
 */
export class Announcement implements AsyncDisposable {
  readonly #around: Surroundings
  readonly #announced: AnnouncedDeploy
  readonly #alarm: Alarm
  readonly #stop = new AbortController()
  #keeping: Promise<void> | undefined
  #adopted = false

  constructor(around: Surroundings, announced: AnnouncedDeploy) {
    this.#around = around
    this.#announced = announced
    this.#alarm = new Alarm(around.time)
  }

  /** Starts listening, and keeps the announcement up. */
  async begin(): Promise<void> {
    const { signal, listen } = this.#around
    signal.addEventListener('abort', this.#ring)
    this.#keeping = this.#keepUp()
    await listen(this.#ring).catch(() => false)
  }

  /**
   * Waits until the release phase has asked, and gives its drain, which is followed from there.
   * @param over aborts when the push has ended
   * @returns `undefined` when `over` aborts before anybody has asked
   * @throws the signal's reason
   */
  async adopted(over: AbortSignal): Promise<Hold | undefined> {
    const { host, keys, time, numbers, signal, log } = this.#around
    over.addEventListener('abort', this.#ring)
    try {
      for (;;) {
        signal.throwIfAborted()
        // What came before the end is seen by a look that begins after it.
        const last = over.aborted
        const sentAt = time.now()
        const view = await look(host, keys).catch(passing)
        const intent = view?.intent
        if (view && intent?.id === this.#announced.id && isInForce(intent, view.now)) {
          const { terms, taken } = (await this.#read().catch(passing)) ?? this.#announced
          const hold = await adopt(this.#around, { intent, now: view.now }, terms, sentAt)
          this.#adopted = true
          log.info(`the release phase asks for the drain${taken ? `, on ${dynoOf(taken)}` : ''}`)
          return hold
        }
        if (last) return undefined
        await this.#alarm.wait(view ? numbers.lookEveryMs : numbers.renewAgainMs)
      }
    } finally {
      over.removeEventListener('abort', this.#ring)
    }
  }

  /**
   * How the drain failed in the release phase, if it did and said so. Never rejects.
   * @returns what a person should read instead of the release's own failure
   */
  async failure(): Promise<DeployError | undefined> {
    const { time, numbers, signal } = this.#around
    const patience = {
      time,
      againMs: numbers.renewAgainMs,
      forMs: signal.aborted ? 0 : numbers.resumeWatchMs,
    }
    const there = await outlast(patience, () => this.#read()).catch(() => undefined)
    if (!there?.failure) return undefined
    const { outcome, message, next } = there.failure
    // It stopped before it asked anybody, but by then the push had gone through.
    const word = outcome === 'preflight-failed' || outcome === 'cancelled' ? 'release-failed' : outcome
    return new DeployError(word, `The drain failed in the release phase: ${message}`, next)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { log, time, numbers, signal } = this.#around
    this.#stop.abort()
    signal.removeEventListener('abort', this.#ring)
    // What is under way must not arrive after the withdrawal.
    await this.#keeping
    // A cancelled job has seconds.
    const patience = {
      time,
      againMs: numbers.renewAgainMs,
      forMs: signal.aborted ? 0 : numbers.resumeWatchMs,
    }
    try {
      // First: whoever took the announcement and has not asked yet looks at it once more when it has.
      await outlast(patience, () => withdraw(this.#around, this.#announced.id))
      if (!this.#adopted) await outlast(patience, () => this.#abandon())
    } catch (error) {
      log.warning(
        `Redis could not be told that the deploy is over (${(error as Error).message}); its announcement is forgotten within ${formatDuration(numbers.announcedMs)}, and a drain ends with its lease`,
      )
    }
  }

  readonly #ring = (): void => this.#alarm.ring()

  /** What is known of this deploy by now; `undefined` if nothing is. */
  async #read(): Promise<AnnouncedDeploy | undefined> {
    const there = readAnnouncement(await readAnnounced(this.#around.host, this.#around.keys))
    return there?.id === this.#announced.id ? there : undefined
  }

  /** Ends a drain that has this deploy's name, and sees who was held for it go on. */
  async #abandon(): Promise<void> {
    const { host, keys, time, signal } = this.#around
    const sentAt = time.now()
    const { intent, now } = await look(host, keys)
    // One that comes into force later finds the announcement gone, and is ended by whoever asked for it.
    if (intent?.id !== this.#announced.id || !isInForce(intent, now)) return
    // A cancelled job does not stay to see it.
    if (signal.aborted) return void (await finish(host, keys, intent, 'aborted'))
    const hold = await adopt(this.#around, { intent, now }, this.#announced.terms, sentAt)
    await hold[Symbol.asyncDispose]()
  }

  async #keepUp(): Promise<void> {
    const { host, keys, time, numbers, log } = this.#around
    const lifeMs = numbers.announcedMs
    let text = writeAnnouncement(this.#announced)
    for (;;) {
      try {
        await time.sleep(numbers.renewEveryMs, this.#stop.signal)
      } catch {
        return
      }
      try {
        const { done, current } = await exchange(host, keys, { before: text, after: text, lifeMs })
        if (done || this.#stop.signal.aborted) continue
        const there = readAnnouncement(current)
        if (there?.id === this.#announced.id) text = current
        // What was taken is not announced again: it is the drain that tells from then on.
        else if (current === '' && readAnnouncement(text)?.taken === undefined)
          await exchange(host, keys, { before: '', after: text, lifeMs })
      } catch (error) {
        if (!isOutage(error)) log.warning(`the announcement can't be kept up (${(error as Error).message})`)
      }
    }
  }
}

/**
 * Takes away what the deploy `id` has announced; another's stays. What was taken and asked for is ended by `finish`, afterwards: a release
 * phase that asks later finds that it is over.
 */
export async function withdraw(
  { host, keys }: Pick<Surroundings, 'host' | 'keys'>,
  id: string,
): Promise<void> {
  let current = await readAnnounced(host, keys)
  // It only ever goes on from announced to taken to failed.
  while (readAnnouncement(current)?.id === id) {
    const { done, current: there } = await exchange(host, keys, { before: current, after: '', lifeMs: 1 })
    if (done) return
    current = there
  }
}

/** The dyno of `taken`: `release.1234#…`. */
function dynoOf(taken: string): string {
  return taken.split('#', 1)[0] ?? taken
}

/** An outage is looked through the next time. */
function passing(error: unknown): undefined {
  if (!isOutage(error)) throw error
}
