import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Certificate, makeCertificate } from './certificate.ts'
import { aclText, type RedisOptions, redisConfig } from './redis-config.ts'

/** A real Redis of a test's own, on 127.0.0.1. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number
  /** of the default user, with its password */
  readonly url: string
  readonly pid: number
  /** SHA-256 of the certificate, 64 lower-case hex digits; empty without TLS */
  readonly fingerprint: string
  /** the certificate's file, for whoever wants to trust it; empty without TLS */
  readonly certificateFile: string
  /** Ends the server and deletes what it stored. A second time changes nothing. */
  stop(): Promise<void>
  /** Ends the server with SIGKILL. What it stored is there for `restart`. */
  kill(): Promise<void>
  /** Ends the server, should it run, and starts it again on the same port. */
  restart(options: { keepData: boolean }): Promise<void>
  /** Stops the process as a machine that hangs: connections stay open, nobody answers. */
  pause(): void
  resume(): void
}

const ATTEMPTS = 10
const START_LIMIT_MS = 20_000

/** Ended with this process, also when a test run is broken off. */
const running = new Set<ChildProcess>()
const folders = new Set<string>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/**
 * Starts `redis-server` ($REDIS_SERVER, or the one on the PATH) on a free port and waits until it accepts connections.
 * @throws Error with the server's last lines when it doesn't start
 */
export async function startRedis(options: RedisOptions = {}, findPort = freePort): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gate-redis-'))
  folders.add(folder)
  try {
    return await startIn(folder, options, findPort)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

async function startIn(
  folder: string,
  options: RedisOptions,
  findPort: typeof freePort,
): Promise<RedisServer> {
  const configFile = join(folder, 'redis.conf')
  const stored = join(folder, 'stored')
  mkdirSync(stored)
  const certificate: Certificate | undefined = options.tls ? makeCertificate(folder) : undefined
  const aclFile = options.acl && join(folder, 'users.acl')
  if (aclFile) writeFileSync(aclFile, aclText(options.acl, options.password), { mode: 0o600 })
  const launchOn = (port: number) => {
    writeFileSync(configFile, redisConfig(options, port, stored, aclFile, certificate), { mode: 0o600 })
    return launch(configFile, port, options.environment)
  }

  let [child, port] = await launchAnywhere(launchOn, findPort)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    // A paused process hears of a signal other than SIGKILL only when it goes on.
    child.kill('SIGCONT')
    await exit
  }
  const stop = async () => {
    await end('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
  const secret = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`
  return {
    port,
    url: `${options.tls ? 'rediss' : 'redis'}://${secret}127.0.0.1:${port}`,
    get pid() {
      return child.pid as number
    },
    fingerprint: certificate?.fingerprint ?? '',
    certificateFile: certificate?.certificateFile ?? '',
    stop,
    kill: () => end('SIGKILL'),
    async restart({ keepData }) {
      if (keepData && options.appendonly === false)
        throw new Error(
          'A Redis that was started with appendonly: false keeps nothing: restart it with keepData: false.',
        )
      await end('SIGTERM')
      if (!keepData) {
        rmSync(stored, { recursive: true, force: true })
        mkdirSync(stored)
      }
      child = await launchOn(port)
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    [Symbol.asyncDispose]: stop,
  }
}

class PortTaken extends Error {}

/** Between finding a free port and listening on it somebody else may take it. */
async function launchAnywhere(
  launchOn: (port: number) => Promise<ChildProcess>,
  findPort: typeof freePort,
): Promise<[child: ChildProcess, port: number]> {
  for (let attempt = 1; ; attempt++) {
    const port = await findPort()
    try {
      return [await launchOn(port), port]
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === ATTEMPTS) throw error
    }
  }
}

async function launch(
  configFile: string,
  port: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<ChildProcess> {
  const program = process.env.REDIS_SERVER ?? 'redis-server'
  const env = { ...process.env, ...environment }
  const child = spawn(program, [configFile], { stdio: ['ignore', 'pipe', 'pipe'], env })
  const lines: string[] = []
  const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS)
  try {
    await new Promise<void>((resolve, reject) => {
      const read = (line: string) => {
        lines.push(line)
        if (lines.length > 20) lines.shift()
        if (line.includes('Ready to accept connections')) resolve()
      }
      createInterface(child.stdout).on('line', read)
      createInterface(child.stderr).on('line', read)
      child.on('spawn', () => running.add(child))
      child.on('error', (error: NodeJS.ErrnoException) =>
        reject(
          error.code === 'ENOENT'
            ? new Error(
                `${program} was not found: install it by script/install, or set REDIS_SERVER to where redis-server is.`,
              )
            : error,
        ),
      )
      child.on('exit', () => running.delete(child))
      child.on('close', (code, signal) => {
        const said = lines.join('\n')
        reject(
          said.includes('Address already in use')
            ? new PortTaken(`port ${port} of 127.0.0.1 is in use`)
            : new Error(
                `redis-server on port ${port} ended (${signal ?? code}) before it was ready:\n${said}`,
              ),
        )
      })
    })
  } finally {
    clearTimeout(limit)
  }
  return child
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer()
  await once(probe.listen(0, '127.0.0.1'), 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
