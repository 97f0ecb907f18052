import { commit } from '../protocol/commit.ts'
import type { Asked, Owner } from '../protocol/owner.ts'
import * as complaint from './complaint.ts'
import type { Contact } from './contact.ts'
import type { Surroundings } from './gate.ts'

/** A drain whose gate is to be opened. */
export interface Closed {
  readonly around: Surroundings
  readonly contact: Contact
  readonly owner: Owner
  readonly asked: Asked
  /** reads who takes part, and tells what changed */
  look(): Promise<void>
  /** waits again until everybody is drained: somebody failed meanwhile */
  drained(): Promise<unknown>
}

/**
 * Asks the server for the gate until it agrees that everybody is held long enough.
 * @param anyway open it whoever is not drained
 * @throws DeployError (`drain-timeout`, `lease-lost`)
 */
export async function untilGranted(
  { around, contact, owner, asked, look, drained }: Closed,
  anyway: boolean,
): Promise<void> {
  const { host, keys, numbers, log, time } = around
  const { marginMs, pushLeaseMs } = numbers
  const deadline = contact.elapsedMs + marginMs
  let told = ''
  for (;;) {
    let sentAt = time.now()
    const answer = await contact.insist(() => {
      sentAt = time.now()
      return commit(host, keys, owner, { marginMs, pushLeaseMs, asked, anyway })
    })
    if (answer.kind === 'granted') {
      contact.lease.extended(sentAt, answer.leftMs)
      // An answer that was read so late says nothing of now: this process may have been stopped in between.
      if (time.now() - sentAt < marginMs) return
      continue
    }
    if (answer.kind === 'lost') throw complaint.leaseLost(answer.why, answer.asker)
    const why = complaint.blockers(answer.blockers)
    // The details count up and down; who blocks and by what is the news.
    const news = answer.blockers
      .map(({ id, type, why }) => `${id} ${type} ${why}`)
      .sort()
      .join()
    if (news !== told) log.info(`the gate stays shut: ${why}`)
    told = news
    if (answer.blockers.some(({ why }) => why === 'failed')) await drained()
    if (contact.elapsedMs >= deadline) throw complaint.neverOpened(why)
    await contact.pause(Math.min(numbers.lookEveryMs, 1_000))
    await look()
  }
}
