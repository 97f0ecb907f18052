import { INPUT_ORIGIN } from '../../../src/deploy/origins.ts'
import { type GateServer, openGateServer } from '../../../src/deploy/server.ts'
import type { Log } from '../../../src/log.ts'
import { parseRedisUrl } from '../../../src/redis/address.ts'
import { systemTime } from '../../../src/time.ts'

/** A deployer's own connection to the gate, opened as a deploy opens it. */
export function openGate(url: string, log: Log, signal = new AbortController().signal): Promise<GateServer> {
  const destination = { address: parseRedisUrl(url), trust: { verify: true }, origin: INPUT_ORIGIN }
  return openGateServer(destination, 'default', { log, time: systemTime, signal })
}
