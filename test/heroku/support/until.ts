import type { EventEmitter } from 'node:events'

/** Resolves as soon as `condition` holds; it is looked at now and after each `event`. */
export function until(events: EventEmitter, event: string, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!condition()) return
      events.off(event, look)
      resolve()
    }
    events.on(event, look)
    look()
  })
}
