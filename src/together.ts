/**
 * Runs tasks side by side. The first failure tells the others to stop, all of them are waited for, and that first
 * failure is what it rejects with: nothing goes on in the background after a preflight has failed.
 */
export async function together<const T extends readonly ((signal: AbortSignal) => Promise<unknown>)[]>(
  signal: AbortSignal,
  tasks: T,
): Promise<{ -readonly [K in keyof T]: Awaited<ReturnType<T[K]>> }> {
  signal.throwIfAborted()
  const siblings = new AbortController()
  const linked = AbortSignal.any([signal, siblings.signal])
  const failures: unknown[] = []
  const results = await Promise.all(
    tasks.map(async (task) => {
      try {
        return await task(linked)
      } catch (error) {
        failures.push(error)
        siblings.abort(error)
        return undefined
      }
    }),
  )
  signal.throwIfAborted()
  if (failures.length > 0) throw failures[0]
  return results as { -readonly [K in keyof T]: Awaited<ReturnType<T[K]>> }
}
