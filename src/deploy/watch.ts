import type { Log } from '../log.ts'
import type { Time } from '../time.ts'

const EVERY_MS = 15_000

/** Does `work`, and meanwhile asks for `concerns` now and then, and once more when it is done; warns of each once. */
export async function during<T>(
  work: () => Promise<T>,
  concerns: () => Promise<readonly string[]>,
  log: Log,
  time: Time,
): Promise<T> {
  const done = new AbortController()
  const told = new Set<string>()
  const look = async () => {
    // What can't be read now is read next time; the lease itself reports a server that stays away.
    for (const line of await concerns().catch(() => [])) {
      if (!told.has(line)) log.warning(line)
      told.add(line)
    }
  }
  const watch = async () => {
    for (;;) {
      await time.sleep(EVERY_MS, done.signal)
      await look()
    }
  }
  const watching = watch().catch(() => {})
  try {
    const result = await work()
    done.abort()
    await watching
    // What ends quickly would otherwise never learn that it was alone. After a failure the time may be short.
    await look()
    return result
  } finally {
    done.abort()
    await watching
  }
}
