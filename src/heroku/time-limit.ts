import type { Time } from '../time.ts'

/** The work did not end within its limit, and was told to stop. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError'
}

/**
 * Runs `work` with a signal that aborts with `signal`, or with a `TimeLimitError` after `limitMs`.
 * Settles when the work does: work that ignores its signal is not abandoned.
 */
export async function withinLimit<T>(
  limitMs: number,
  { time, signal }: { time: Time; signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const ended = new AbortController()
  const watch = time.sleep(limitMs, AbortSignal.any([signal, ended.signal])).then(
    () => limit.abort(new TimeLimitError(`not done within ${limitMs} ms`)),
    () => undefined,
  )
  try {
    return await work(AbortSignal.any([signal, limit.signal]))
  } finally {
    ended.abort()
    await watch
  }
}
