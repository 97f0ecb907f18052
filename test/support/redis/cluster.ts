import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, makeCertificate } from './certificate.ts'
import { command, type Door, eventually, info } from './command.ts'
import { quoted, type RedisOptions } from './redis-config.ts'
import { folders, freePort } from './redis-process.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

/** What a test may ask of its Redis Cluster. */
export interface ClusterOptions extends Pick<RedisOptions, 'password' | 'acl'> {
  /** all nodes speak TLS, and nothing else, under one self-signed certificate */
  readonly tls?: boolean
  /** of each primary; none without it */
  readonly replicas?: 0 | 1
  /** further lines of every node's redis.conf */
  readonly config?: readonly string[]
}

/** A slot on its way from one node to another. */
export interface Move {
  /**
   * Moves the keys that are there now, or these alone. A script whose keys are all there is answered ASK from then on, and TRYAGAIN
   * while some are here and some there.
   */
  keys(...only: readonly string[]): Promise<void>
  /** Gives the slot to its new owner. */
  finish(): Promise<void>
}

/** Three primaries on 127.0.0.1 that share all slots. */
export interface Cluster extends AsyncDisposable {
  /** `redis+cluster://` or `rediss+cluster://`, with all three primaries and the password */
  readonly url: string
  /** the same with these nodes alone */
  urlOf(...ports: readonly number[]): string
  /** the primaries, then their replicas in the same order */
  readonly nodes: readonly RedisServer[]
  /** SHA-256 of the certificate, 64 lower-case hex digits; empty without TLS */
  readonly fingerprint: string
  /** the port of the primary that has the slot of `key`, as the nodes that live say */
  ownerOf(key: string): Promise<number>
  /** the ports of the other living primaries */
  othersThan(port: number): Promise<number[]>
  /** Marks the slot of `key` as moving to the primary on port `to`. */
  beginMove(key: string, to: number): Promise<Move>
  /** Moves the slot of `key`, and waits until every node knows. */
  move(key: string, to: number): Promise<void>
  /** Resolves when the replica of the primary on `port` has all that was written up to now. */
  replicated(port: number): Promise<void>
  /** Ends the node with SIGKILL. With replicas, another one has its slots some seconds later: see `ownerOf`. */
  kill(port: number): Promise<void>
  stop(): Promise<void>
}

const PRIMARIES = 3
const SLOTS = 16_384
/** The nodes talk to each other on the port with this added. */
const BUS_OFFSET = 10_000

/** Starts a cluster, and waits until every node finds it whole. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { password, acl, tls = false, replicas = 0, config = [] } = options
  const folder = mkdtempSync(join(tmpdir(), 'gate-cluster-'))
  folders.add(folder)
  const certificate = tls ? makeCertificate(folder) : undefined
  const nodes: RedisServer[] = []
  const dead = new Set<number>()
  const stop = async () => {
    // A replica that is writing what it was just sent does not end at a SIGTERM.
    await Promise.all(nodes.map((node) => node.kill().then(node.stop)))
    rmSync(folder, { recursive: true, force: true })
  }
  const door = (port: number): Door => ({ port, tls, ...(password !== undefined && { password }) })
  const at = (port: number, name: string, ...args: readonly (string | number)[]) =>
    command(door(port), name, ...args)
  const alive = () => nodes.map(({ port }) => port).filter((port) => !dead.has(port))

  try {
    for (let count = 0; count < PRIMARIES * (1 + replicas); count++) {
      nodes.push(
        await startRedis(
          {
            ...(password !== undefined && { password }),
            ...(acl && { acl }),
            ...(certificate && { tls: certificate }),
            config: [...nodeLines(password, certificate), ...config],
          },
          freePortWithBus,
        ),
      )
    }
    const primaries = nodes.slice(0, PRIMARIES)
    const first = primaries[0]?.port as number
    for (const [index, { port }] of nodes.entries()) {
      await at(port, 'CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
      if (index < PRIMARIES) await at(port, 'CLUSTER', 'ADDSLOTSRANGE', ...share(index))
      if (port !== first) await at(port, 'CLUSTER', 'MEET', '127.0.0.1', first)
    }
    const ids = new Map<number, string>()
    for (const { port } of nodes) ids.set(port, String(await at(port, 'CLUSTER', 'MYID')))
    for (const { port } of nodes) {
      await eventually(`node ${port} knows all others`, async () => {
        const known = String(await at(port, 'CLUSTER', 'NODES'))
        return [...ids.values()].every((id) => known.includes(id)) || undefined
      })
    }
    for (const [index, { port }] of nodes.slice(PRIMARIES).entries())
      await at(port, 'CLUSTER', 'REPLICATE', ids.get(primaries[index]?.port as number) as string)
    for (const { port } of nodes) {
      await eventually(`node ${port} finds the cluster whole`, async () => {
        const state = String(await at(port, 'CLUSTER', 'INFO'))
        const whole = /cluster_state:ok\r/.test(state) && /cluster_slots_ok:16384\r/.test(state)
        return (whole && (await owners(at, port)).length === PRIMARIES) || undefined
      })
    }
    for (const { port } of nodes.slice(PRIMARIES)) {
      await eventually(`replica ${port} is in sync`, async () => {
        return (await info(door(port), 'replication')).get('master_link_status') === 'up' || undefined
      })
    }

    const ownerAs = async (asked: number, slot: number) =>
      (await owners(at, asked)).find(({ from, to }) => from <= slot && slot <= to)?.port
    const slotOf = async (key: string) => Number(await at(alive()[0] as number, 'CLUSTER', 'KEYSLOT', key))
    const ownerOf = (key: string) =>
      eventually(`all nodes name the same owner of the slot of ${key}`, async () => {
        const slot = await slotOf(key)
        const named = new Set<number | undefined>()
        for (const port of alive()) named.add(await ownerAs(port, slot))
        const [owner, ...more] = named
        return more.length > 0 || owner === undefined || dead.has(owner) ? undefined : owner
      })
    const beginMove = async (key: string, to: number): Promise<Move> => {
      const slot = await slotOf(key)
      const from = await ownerOf(key)
      await at(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids.get(from) as string)
      await at(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids.get(to) as string)
      const keys = async (...only: readonly string[]) => {
        const there = (await at(from, 'CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[]
        const found = only.length === 0 ? there : only
        if (found.length === 0) return
        const login = password === undefined ? [] : ['AUTH', password]
        await at(from, 'MIGRATE', '127.0.0.1', to, '', 0, 10_000, ...login, 'KEYS', ...found)
      }
      return {
        keys,
        async finish() {
          await keys()
          // The new owner first: otherwise nobody has the slot for a moment.
          for (const port of [to, from])
            await at(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', ids.get(to) as string)
          await eventually(`all nodes know that ${to} has slot ${slot}`, async () => {
            for (const port of alive()) if ((await ownerAs(port, slot)) !== to) return undefined
            return true
          })
        },
      }
    }
    const who = password === undefined ? '' : `:${encodeURIComponent(password)}@`
    const urlOf = (...ports: readonly number[]) =>
      `${tls ? 'rediss' : 'redis'}+cluster://${who}${ports.map((port) => `127.0.0.1:${port}`).join(',')}`
    return {
      url: urlOf(...primaries.map(({ port }) => port)),
      urlOf,
      nodes,
      fingerprint: certificate?.fingerprint ?? '',
      ownerOf,
      async othersThan(port) {
        const all = await owners(at, alive()[0] as number)
        return [...new Set(all.map((range) => range.port))].filter((one) => one !== port && !dead.has(one))
      },
      beginMove,
      async move(key, to) {
        await (await beginMove(key, to)).finish()
      },
      async replicated(port) {
        if ((await at(port, 'WAIT', 1, 30_000)) !== 1) throw new Error(`the replica of ${port} lags behind`)
      },
      async kill(port) {
        dead.add(port)
        await nodes.find((node) => node.port === port)?.kill()
      },
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The slots of the primary `index`: its first and its last. */
function share(index: number): [first: number, last: number] {
  const bound = (at: number) => Math.floor((SLOTS * at) / PRIMARIES)
  return [bound(index), bound(index + 1) - 1]
}

interface Range {
  readonly from: number
  readonly to: number
  readonly port: number
}

async function owners(
  at: (port: number, name: string, ...args: string[]) => Promise<unknown>,
  asked: number,
): Promise<Range[]> {
  const slots = (await at(asked, 'CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
  return slots.map(([from, to, [, port]]) => ({ from, to, port }))
}

function nodeLines(password: string | undefined, certificate: Certificate | undefined): string[] {
  return [
    'cluster-enabled yes',
    'cluster-node-timeout 2000',
    'repl-diskless-sync-delay 0',
    ...(password === undefined ? [] : [`masterauth ${quoted(password)}`]),
    ...(certificate
      ? ['tls-cluster yes', 'tls-replication yes', `tls-ca-cert-file ${quoted(certificate.certificateFile)}`]
      : []),
  ]
}

async function freePortWithBus(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (port + BUS_OFFSET <= 65_535 && (await freePort(port + BUS_OFFSET).catch(() => 0))) return port
  }
}
