import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import type { NetConnectOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { DeployError } from '../outcome.ts'
import { parseRedisUrl } from '../redis/address.ts'
import { createClient } from '../redis/client.ts'

/** A real Redis to try listeners on. */
export interface Backend extends AsyncDisposable {
  /** where a relay passes its connections on to */
  readonly target: NetConnectOpts
  /** the URL by way of a relay on `port` of this machine */
  url(port: number): string
  connect(): Promise<Redis>
}

/**
 * Starts a redis-server of the trial's own: `program`, as the PATH has it. It listens on a socket in a folder of its own, so that
 * nobody else meets it, and keeps nothing.
 * @throws DeployError when there is none
 */
export async function startServer(program: string): Promise<Backend> {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-gate-conformance-'))
  const path = join(folder, 'redis.sock')
  const args = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', folder]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const end = () => void child.kill('SIGKILL')
  process.once('exit', end)
  const dispose = async () => {
    process.off('exit', end)
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await new Promise<void>((resolve, reject) => {
      createInterface(child.stdout).on('line', (line) => {
        if (line.includes('eady to accept connections')) resolve()
      })
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`it ended with code ${code} before it was ready`)))
    })
  } catch (error) {
    await dispose()
    throw new DeployError(
      'preflight-failed',
      `${program} could not be started (${(error as Error).message}).`,
      'Install redis-server (apt-get install redis-server, brew install redis), set REDIS_SERVER to where it is, or try the listener on the Redis of REDIS_URL with --existing-redis.',
    )
  }
  return {
    target: { path },
    url: (port) => `redis://127.0.0.1:${port}`,
    async connect() {
      const client = new Redis({ path, lazyConnect: true })
      await client.connect()
      return client
    },
    [Symbol.asyncDispose]: dispose,
  }
}

/**
 * The Redis of `url`, which stays as it is but for keys of gates whose names begin with `conformance-`.
 * @throws RangeError for a topology: a relay stands before one server
 */
export function existingServer(url: string): Backend {
  const address = parseRedisUrl(url)
  if (address.topology) throw new RangeError('it names several servers, and a listener is tried on one')
  const { host, port } = address
  return {
    target: { host, port },
    url(relay) {
      const own = new URL(url)
      own.hostname = '127.0.0.1'
      own.port = String(relay)
      return own.href
    },
    async connect() {
      const client = createClient(
        address,
        { verify: false },
        { commandTimeoutMs: 10_000, silentLinkMs: 5_000, retryDelay: () => null },
      )
      let cause: Error | undefined
      client.on('error', (error: Error) => {
        cause = error
      })
      await client.connect().catch(() => {
        throw new DeployError(
          'preflight-failed',
          `The Redis of REDIS_URL can't be used: ${cause?.message ?? 'no connection'}.`,
          'Check the variable REDIS_URL, or leave --existing-redis out: a redis-server of its own is started then.',
        )
      })
      return client
    },
    async [Symbol.asyncDispose]() {},
  }
}
