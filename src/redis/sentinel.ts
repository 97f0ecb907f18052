import { describeHost, type HostPort, type RedisAddress, type Topology } from './address.ts'
import { ask, inTurn, LookupError, type LookupNeeds } from './ask.ts'
import { UrlFormError } from './trouble.ts'

type SentinelTopology = Extract<Topology, { kind: 'sentinel' }>

/**
 * The server that the sentinels name now, once it has said itself that it is a primary: a sentinel that was cut off names an old one.
 * @throws LookupError
 */
export function findPrimary(
  address: RedisAddress,
  topology: SentinelTopology,
  needs: LookupNeeds,
): Promise<HostPort> {
  // What all of them name, and is down, is waited for once.
  const roles = new Map<string, Promise<unknown>>()
  return inTurn(topology.hosts, needs.signal, async (host) => {
    const place = await named(host, address.tls, topology, needs)
    const name = describeHost(place)
    const role =
      roles.get(name) ?? ask('the primary', { ...address, ...place }, needs, (call) => call('ROLE'))
    roles.set(name, role)
    const [kind] = (await role) as readonly [string]
    if (kind === 'master') return place
    throw new LookupError('the sentinel', host, new Error(`it names ${name}, which is no primary`))
  })
}

async function named(
  host: HostPort,
  tls: boolean,
  { primary, username, password }: SentinelTopology,
  needs: LookupNeeds,
): Promise<HostPort> {
  const sentinel = {
    ...host,
    tls,
    db: 0,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  }
  return await ask('the sentinel', sentinel, needs, async (call) => {
    const answer = await call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', primary).catch((error: Error) => {
      throw /^ERR unknown command/i.test(error.message)
        ? new UrlFormError(
            'it is no sentinel',
            'redis+sentinel:// names the sentinels, as a rule on port 26379. The URL of a single server begins with redis:// or rediss://.',
          )
        : error
    })
    if (!Array.isArray(answer)) throw new Error(`it knows no primary of the name ${primary}`)
    return { host: String(answer[0]), port: Number(answer[1]) }
  })
}
