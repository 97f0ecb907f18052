import type { Intent } from '../protocol/look.ts'
import type { Surroundings } from './gate.ts'
import { Hold } from './hold.ts'
import type { DrainTerms } from './terms.ts'

/**
 * Takes part in a drain that another process asked for, and renews it with that process. It becomes the caller's to end: leaving the scope
 * by any road but `release` gives everybody back.
 * @param seen the drain, in force, and the server's ms when it was read
 * @param sentAt when it was asked for what is there
 */
export async function adopt(
  around: Surroundings,
  seen: { readonly intent: Intent; readonly now: number },
  terms: DrainTerms,
  sentAt: number,
): Promise<Hold> {
  const { intent, now } = seen
  const hold = new Hold(around, intent, terms, sentAt, intent.expiry - now, Math.max(0, now - intent.began))
  try {
    await hold.begin()
    return hold
  } catch (error) {
    await hold[Symbol.asyncDispose]()
    throw error
  }
}
