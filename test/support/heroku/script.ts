import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

/** How one build or release phase goes, other than well and at once. */
export interface Behaviour {
  /** waits until it is told to go on */
  readonly hold?: boolean
  readonly delayMs?: number
}

/** What a test has arranged for the next builds, or release phases, one after the other. */
export interface Script<B extends Behaviour> {
  next(behaviour: B): void
  /** Lets those go on that are held, also one that has not begun. */
  release(): void
  readonly arranged: boolean
  /**
   * Takes the next behaviour off the list, and waits as it says.
   * @throws the signal's reason when the local Heroku is closed meanwhile
   */
  take(): Promise<B | undefined>
}

export function createScript<B extends Behaviour>(signal: AbortSignal): Script<B> {
  const waiting: { behaviour: B; released: PromiseWithResolvers<void> }[] = []
  const held = new Set<PromiseWithResolvers<void>>()
  return {
    next(behaviour) {
      const released = Promise.withResolvers<void>()
      if (behaviour.hold) held.add(released)
      else released.resolve()
      waiting.push({ behaviour, released })
    },
    release() {
      for (const { resolve } of held) resolve()
      held.clear()
    },
    get arranged() {
      return waiting.length > 0
    },
    async take() {
      const next = waiting.shift()
      if (!next) return undefined
      const { behaviour, released } = next
      if (behaviour.delayMs) await delay(behaviour.delayMs, undefined, { signal })
      signal.throwIfAborted()
      const over = new AbortController()
      await Promise.race([released.promise, once(signal, 'abort', { signal: over.signal })]).finally(() =>
        over.abort(),
      )
      signal.throwIfAborted()
      return behaviour
    },
  }
}
