import { openGateServer } from '../deploy/server.ts'
import type { Surroundings } from '../gate/gate.ts'
import type { Log } from '../log.ts'
import { DeployError } from '../outcome.ts'
import { describeAddress } from '../redis/address.ts'
import { systemTime } from '../time.ts'
import type { GatePlace } from './gate-options.ts'

/**
 * Does `work` at the gate, and closes the connection.
 * @param work is also given `reading`, for what asks nobody for anything: a server that fails there leaves nothing done
 * @throws DeployError for a server that can't be used, or stops being usable
 */
export async function atGate<T>(
  { gateName, destination }: GatePlace,
  { log, signal, asks = false }: { readonly log: Log; readonly signal: AbortSignal; readonly asks?: boolean },
  work: (gate: Surroundings, reading: <R>(read: () => Promise<R>) => Promise<R>) => Promise<T>,
): Promise<T> {
  await using server = await openGateServer(destination, gateName, { log, signal, asks, time: systemTime })
  const name = describeAddress(destination.address)
  const telling = async <R>(outcome: Outcome, what: () => Promise<R>): Promise<R> => {
    try {
      return await what()
    } catch (error) {
      throw explained(error, name, outcome)
    }
  }
  return await telling('failed', () => work(server.around, (read) => telling('preflight-failed', read)))
}

type Outcome = 'failed' | 'preflight-failed'

/** What a server answered that is no fault of this program, in words; anything else as it is. */
function explained(error: unknown, name: string, outcome: Outcome): unknown {
  if (!(error instanceof Error)) return error
  if (error.name === 'ReplyError') {
    return new DeployError(
      outcome,
      `${name}: the server refused a command (${error.message}).`,
      'Its user needs the rights that docs/redis.md lists, and the server must be a Redis 7 or newer that takes writes.',
      { cause: error },
    )
  }
  // ioredis tells its own errors apart by their text alone.
  if (/^(Command timed out|Connection is closed)/.test(error.message)) {
    return new DeployError(
      outcome,
      `${name}: the server does not answer any more (${error.message}).`,
      'Run the command again when it does. Held participants resume by themselves when the lease ends.',
      { cause: error },
    )
  }
  return error
}
