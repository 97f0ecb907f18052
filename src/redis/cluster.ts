import type { HostPort, RedisAddress } from './address.ts'
import { ask, inTurn, type LookupNeeds } from './ask.ts'
import { UrlFormError } from './trouble.ts'

/** CLUSTER SLOTS: first slot, last slot, the primary, its replicas. A node is host, port, id and more. */
type Ranges = readonly (readonly [from: number, to: number, primary: readonly [string | null, number]])[]

/**
 * The node that has the slot of `key` now, as the first of `hosts` knows it that answers.
 * @throws LookupError
 */
export function findOwner(
  address: RedisAddress,
  hosts: readonly HostPort[],
  key: string,
  needs: LookupNeeds,
): Promise<HostPort> {
  return inTurn(hosts, needs.signal, (seed) =>
    ask('the node', { ...address, ...seed }, needs, async (call) => {
      const slot = Number(await call('CLUSTER', 'KEYSLOT', key).catch(explain))
      const ranges = (await call('CLUSTER', 'SLOTS').catch(explain)) as Ranges
      const range = ranges.find(([from, to]) => from <= slot && slot <= to)
      if (!range) throw new Error(`no node has the slot ${slot}, where the gate's keys are`)
      const [host, port] = range[2]
      // A node that does not know how others reach it says nothing, or "?": it is reached as this one was.
      return { host: host && host !== '?' ? host : seed.host, port }
    }),
  )
}

function explain(error: Error): never {
  if (!error.message.startsWith('ERR This instance has cluster support disabled')) throw error
  throw new UrlFormError(
    'it is no node of a cluster',
    'redis+cluster:// names nodes of a cluster. The URL of a single server begins with redis:// or rediss://.',
  )
}
