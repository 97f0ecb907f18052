import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, makeCertificate } from './certificate.ts'
import { command, type Door, eventually, info } from './command.ts'
import { listenLines, quoted, type RedisOptions } from './redis-config.ts'
import { endProcess, folders, freePort, launch, launchAnywhere } from './redis-process.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

/** What a test may ask of its Sentinel topology. */
export interface SentinelOptions extends Pick<RedisOptions, 'password' | 'acl'> {
  /** servers and sentinels speak TLS, and nothing else, under one self-signed certificate */
  readonly tls?: boolean
  /** of the sentinels; none without it */
  readonly sentinelPassword?: string
  /** one without it */
  readonly replicas?: number
}

/** A primary with replicas, watched by three sentinels, all on 127.0.0.1. The primary's name is `gate`. */
export interface Sentinels extends AsyncDisposable {
  /** `redis+sentinel://` or `rediss+sentinel://`, with all passwords */
  readonly url: string
  readonly sentinelPorts: readonly number[]
  /** the one that was the primary at first, then its replicas */
  readonly servers: readonly RedisServer[]
  /** SHA-256 of the certificate, 64 lower-case hex digits; empty without TLS */
  readonly fingerprint: string
  /** the port of the server that the sentinels name now */
  primaryPort(): Promise<number>
  /** Ends the primary with SIGKILL. Resolves when another one was promoted and takes writes, some seconds later, with its port. */
  killPrimary(): Promise<number>
  /** Stops the primary as a machine that hangs; the rest as `killPrimary`. `resume()` of its server lets it come back. */
  pausePrimary(): Promise<number>
  /** Has the sentinels promote a replica while the primary is well. Resolves as `killPrimary`, when the old one follows the new one. */
  failover(): Promise<number>
  /** From now on replicas hear nothing of what the primary is told: as good as a replication that lags. Needs a password. */
  cutReplicas(): Promise<void>
  /** Ends one of the three with SIGKILL. Two are enough to fail over. */
  killSentinel(index: number): Promise<void>
  stop(): Promise<void>
}

const NAME = 'gate'
const COUNT = 3
// On a busy machine a healthy server may be slow; a shorter one would fail over without reason.
const DOWN_AFTER_MS = 1_500

/** Starts a topology, and waits until each sentinel knows all others, and each replica has all that its primary has. */
export async function startSentinels(options: SentinelOptions = {}): Promise<Sentinels> {
  const { password, acl, tls = false, sentinelPassword, replicas = 1 } = options
  const folder = mkdtempSync(join(tmpdir(), 'gate-sentinel-'))
  folders.add(folder)
  const certificate = tls ? makeCertificate(folder) : undefined
  const servers: RedisServer[] = []
  const sentinels: (readonly [child: ChildProcess, port: number])[] = []
  const stop = async () => {
    await Promise.all(sentinels.map(([child]) => endProcess(child, 'SIGKILL')))
    // A replica that is writing what it was just sent does not end at a SIGTERM.
    await Promise.all(servers.map((server) => server.kill().then(server.stop)))
    rmSync(folder, { recursive: true, force: true })
  }
  const door = (port: number): Door => ({ port, tls, ...(password !== undefined && { password }) })
  const sentinelDoor = (port: number): Door => ({
    port,
    tls,
    ...(sentinelPassword !== undefined && { password: sentinelPassword }),
  })

  try {
    for (let count = 0; count <= replicas; count++) {
      servers.push(
        await startRedis({
          ...(password !== undefined && { password }),
          ...(acl && { acl }),
          ...(certificate && { tls: certificate }),
          config: serverLines(password, servers[0]?.port, certificate),
        }),
      )
    }
    const first = servers[0]?.port as number
    for (let index = 0; index < COUNT; index++) {
      const file = join(folder, `sentinel-${index}.conf`)
      const launchOn = (port: number) => {
        const lines = sentinelLines(port, first, folder, password, sentinelPassword, certificate)
        writeFileSync(file, lines, { mode: 0o600 })
        return launch(file, port, { args: ['--sentinel'], ready: 'Sentinel ID is' })
      }
      sentinels.push(await launchAnywhere(launchOn, freePort))
    }
    const alive = () =>
      sentinels.flatMap(([child, port]) => ((child.exitCode ?? child.signalCode) === null ? [port] : []))
    for (const port of alive()) {
      await eventually(`sentinel ${port} knows all others`, async () => {
        const state = pairs(await command(sentinelDoor(port), 'SENTINEL', 'MASTER', NAME))
        const whole =
          state.get('flags') === 'master' &&
          state.get('num-other-sentinels') === String(COUNT - 1) &&
          state.get('num-slaves') === String(replicas)
        return whole || undefined
      })
    }
    for (const { port } of servers.slice(1)) {
      await eventually(`replica ${port} is in sync`, async () => {
        return (await info(door(port), 'replication')).get('master_link_status') === 'up' || undefined
      })
    }

    const primaryPort = () =>
      eventually('a sentinel names the primary', async () => {
        for (const port of alive()) {
          const at = await command(sentinelDoor(port), 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)
          if (Array.isArray(at)) return Number(at[1])
        }
        return undefined
      })
    /** all living sentinels must agree: one that has not heard of it yet still names the old one */
    const promotedAfter = (before: number) =>
      eventually(`another primary than ${before}`, async () => {
        const named = new Set<number>()
        for (const port of alive()) {
          const at = await command(sentinelDoor(port), 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)
          named.add(Array.isArray(at) ? Number(at[1]) : 0)
        }
        const [port = 0, ...more] = named
        if (more.length > 0 || port === before) return undefined
        return (await info(door(port), 'replication')).get('role') === 'master' ? port : undefined
      })
    const primary = async () => {
      const port = await primaryPort()
      return servers.find((server) => server.port === port) as RedisServer
    }
    const who = password === undefined ? '' : `:${encodeURIComponent(password)}@`
    const hosts = sentinels.map(([, port]) => `127.0.0.1:${port}`).join(',')
    const query =
      sentinelPassword === undefined ? '' : `?sentinel-password=${encodeURIComponent(sentinelPassword)}`
    return {
      url: `${tls ? 'rediss' : 'redis'}+sentinel://${who}${hosts}/${NAME}${query}`,
      sentinelPorts: sentinels.map(([, port]) => port),
      servers,
      fingerprint: certificate?.fingerprint ?? '',
      primaryPort,
      async killPrimary() {
        const server = await primary()
        await server.kill()
        return promotedAfter(server.port)
      },
      async pausePrimary() {
        const server = await primary()
        server.pause()
        return promotedAfter(server.port)
      },
      async failover() {
        const before = await primaryPort()
        await eventually('the sentinels fail over', async () => {
          for (const port of alive())
            return (await command(sentinelDoor(port), 'SENTINEL', 'FAILOVER', NAME)) as string
          return undefined
        })
        const after = await promotedAfter(before)
        // Until a sentinel has told it, it takes writes that are lost.
        await eventually(`${before} follows ${after}`, async () => {
          return (await info(door(before), 'replication')).get('role') === 'slave' || undefined
        })
        return after
      },
      async cutReplicas() {
        const port = await primaryPort()
        const rest = servers.filter((server) => server.port !== port)
        for (const replica of rest) await command(door(replica.port), 'CONFIG', 'SET', 'masterauth', 'wrong')
        await command(door(port), 'CLIENT', 'KILL', 'TYPE', 'replica')
        for (const replica of rest) {
          await eventually(`replica ${replica.port} is cut off`, async () => {
            const link = (await info(door(replica.port), 'replication')).get('master_link_status')
            return link === 'down' || undefined
          })
        }
      },
      async killSentinel(index) {
        const sentinel = sentinels[index]
        if (sentinel) await endProcess(sentinel[0], 'SIGKILL')
      },
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function serverLines(
  password: string | undefined,
  primary: number | undefined,
  certificate: Certificate | undefined,
): string[] {
  return [
    // The full copy at the start begins at once.
    'repl-diskless-sync-delay 0',
    'repl-ping-replica-period 1',
    ...(password === undefined ? [] : [`masterauth ${quoted(password)}`]),
    ...(primary === undefined ? [] : [`replicaof 127.0.0.1 ${primary}`]),
    ...replicationTls(certificate),
  ]
}

function sentinelLines(
  port: number,
  primary: number,
  folder: string,
  password: string | undefined,
  sentinelPassword: string | undefined,
  certificate: Certificate | undefined,
): string {
  return [
    'bind 127.0.0.1',
    `dir ${quoted(folder)}`,
    'daemonize no',
    ...listenLines(port, certificate),
    ...replicationTls(certificate),
    `sentinel monitor ${NAME} 127.0.0.1 ${primary} 2`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} 5000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${NAME} ${quoted(password)}`]),
    ...(sentinelPassword === undefined
      ? []
      : [`requirepass ${quoted(sentinelPassword)}`, `sentinel sentinel-pass ${quoted(sentinelPassword)}`]),
    '',
  ].join('\n')
}

/** Servers and sentinels among themselves. */
function replicationTls(certificate: Certificate | undefined): string[] {
  return certificate ? ['tls-replication yes', `tls-ca-cert-file ${quoted(certificate.certificateFile)}`] : []
}

function pairs(reply: unknown): ReadonlyMap<string, string> {
  const flat = Array.isArray(reply)
    ? reply.map(String)
    : Object.entries(reply as object)
        .flat()
        .map(String)
  return new Map(flat.flatMap((field, at) => (at % 2 === 0 ? [[field, flat[at + 1] ?? '']] : [])))
}
