import { acquireGate, type Surroundings } from '../gate/gate.ts'
import type { Hold } from '../gate/hold.ts'
import type { Asker, DrainTerms } from '../gate/terms.ts'
import { during } from './watch.ts'

/** What a gate is asked for. */
export interface GateRequest {
  /** from `newDeployId` */
  readonly id: string
  readonly terms: DrainTerms
  readonly asker: Asker
  /** the release that runs now, `v42`; empty when unknown */
  readonly replaces: string
  /** told the drain as soon as it is in force; if it rejects, that is over again */
  follow?(hold: Hold): void | Promise<void>
  /** whether another process takes the drain over: it is left in force then, where it would be released */
  readonly followed?: boolean
}

/**
 * Does `work` while everybody is held. If it `succeeded`, the held stay quiet for their SIGTERM, or for the process that follows the
 * drain; after any other end they go back to work, and are seen to.
 * @throws DeployError when the gate does not open; the signal's reason when it aborts before that
 */
export async function underGate<T>(
  gate: Surroundings,
  request: GateRequest,
  work: () => Promise<T>,
  succeeded: (result: T) => boolean,
): Promise<T> {
  await using hold = await openGate(gate, request)
  const result = await during(work, () => hold.concerns(), gate.log, gate.time)
  if (succeeded(result)) await (request.followed ? hold.leave() : hold.release())
  return result
}

/**
 * Drains, opens the gate and leaves it so for the push lease of `gate`, with nobody behind it.
 * @returns as `Hold.leave` does
 */
export async function holdOpen(gate: Surroundings, request: GateRequest): ReturnType<Hold['leave']> {
  await using hold = await openGate(gate, request)
  return await hold.leave()
}

/**
 * Drains and opens the gate.
 * @returns what keeps everybody held: the caller's to release, and to leave
 * @throws as `underGate`; whoever was asked goes back to work
 */
export async function openGate(
  gate: Surroundings,
  { id, terms, asker, replaces, follow }: GateRequest,
): Promise<Hold> {
  const hold = await acquireGate(gate, id, terms, asker, replaces)
  try {
    await follow?.(hold)
    const everybody = await hold.drained()
    await hold.commit(!everybody)
    return hold
  } catch (error) {
    await hold[Symbol.asyncDispose]()
    throw error
  }
}
