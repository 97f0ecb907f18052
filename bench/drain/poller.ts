import type { Redis } from 'ioredis'

/** How often a hand-written clock looks at its list, ms. */
export const POLL_EVERY_MS = 3_000

/**
 * A clock and a deploy as people write them by hand: the clock pops a message from a list every three seconds, and pushes its answer to
 * another.
 * @param clock a connection of the clock's own
 */
export function startPoller(clock: Redis, request: string, response: string): Disposable {
  const look = async () => {
    if ((await clock.lpop(request)) !== null) await clock.lpush(response, 'stopped')
  }
  const timer = setInterval(() => void look(), POLL_EVERY_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** @returns ms from the message to the answer */
export async function askPoller(deploy: Redis, request: string, response: string): Promise<number> {
  const began = performance.now()
  await deploy.lpush(request, 'shutdown')
  await deploy.brpop(response, 0)
  return performance.now() - began
}
