import type { HostPort, RedisAddress } from './address.ts'
import { findOwner } from './cluster.ts'
import type { Trust } from './connector.ts'
import { findPrimary } from './sentinel.ts'

/**
 * What finds, before each connect, the server that the gate is on now.
 * @param key any key of the gate: they are all on one node of a cluster
 * @throws TypeError for a cluster without a key; LookupError when it is called
 */
export function finder(
  address: RedisAddress,
  trust: Trust,
  key: string | undefined,
): (signal: AbortSignal) => Promise<HostPort> {
  const { topology } = address
  if (topology === undefined) return async () => address
  if (topology.kind === 'sentinel') return (signal) => findPrimary(address, topology, { trust, signal })
  if (key === undefined) throw new TypeError('a key must tell which node of the cluster to connect to')
  return (signal) => findOwner(address, topology.hosts, key, { trust, signal })
}
