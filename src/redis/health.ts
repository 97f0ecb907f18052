import type { Log } from '../log.ts'
import { DeployError } from '../outcome.ts'
import type { UrlOrigin } from './origin.ts'

/** The command that the check needs. */
export interface InfoSource {
  info(...sections: string[]): Promise<string>
}

/** From this share of its memory on a server that evicts is about to drop keys, and one that does not is about to refuse them. */
const NEARLY_FULL = 0.95

/**
 * Checks before anybody is asked to drain that the server will keep what the gate writes: not a replica, not out of memory, not
 * about to evict. A user without the right to INFO gets a warning instead, because the server may well be fine.
 * @throws DeployError (`preflight-failed`)
 */
export async function checkHealth(
  source: InfoSource,
  name: string,
  origin: UrlOrigin,
  log: Log,
): Promise<void> {
  let info: Map<string, string>
  try {
    info = parseInfo(await source.info())
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOPERM'))) throw error
    log.warning(
      `${name}: its user may not call INFO, so memory and eviction could not be checked; +info allows it`,
    )
    return
  }
  if (info.get('role') === 'slave') {
    throw new DeployError(
      'preflight-failed',
      `${name}: the server is a replica and refuses writes.`,
      `Give the URL of the primary. ${origin.wrongUrl}`,
    )
  }
  const [used, most] = [Number(info.get('used_memory') ?? 0), Number(info.get('maxmemory') ?? 0)]
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  if (!(most > 0)) return
  const share = used / most
  const memory = `${megabytes(used)} of ${megabytes(most)} in use, maxmemory-policy ${policy}`
  if (share >= NEARLY_FULL && policy.startsWith('allkeys')) {
    throw new DeployError(
      'preflight-failed',
      `${name}: the server is about to evict keys, and may drop the drain request (${memory}).`,
      'Free memory or take a larger plan. A policy that spares keys without a TTL (noeviction or volatile-*) is safer for a gate.',
    )
  }
  if (share >= 1) {
    throw new DeployError(
      'preflight-failed',
      `${name}: the server is out of memory and refuses writes (${memory}).`,
      'Free memory or take a larger plan, then run the deploy again.',
    )
  }
  if (share >= NEARLY_FULL) log.warning(`${name}: the server is nearly out of memory (${memory})`)
  else if (policy.startsWith('allkeys')) {
    log.warning(
      `${name}: under maxmemory-policy ${policy} the drain request itself can be evicted; the deploy would stop, and the clock go on`,
    )
  }
}

function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`
}
