import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, makeCertificate } from './certificate.ts'
import { aclText, type RedisOptions, redisConfig } from './redis-config.ts'
import { endProcess, type FindPort, folders, freePort, launch, launchAnywhere } from './redis-process.ts'

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

/**
 * Starts `redis-server` ($REDIS_SERVER, or the one on the PATH) on a free port and waits until it accepts connections.
 * @throws Error with the server's last lines when it doesn't start
 */
export async function startRedis(
  options: RedisOptions = {},
  findPort: FindPort = freePort,
): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gate-redis-'))
  folders.add(folder)
  try {
    return await startIn(folder, options, findPort)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

async function startIn(folder: string, options: RedisOptions, findPort: FindPort): Promise<RedisServer> {
  const configFile = join(folder, 'redis.conf')
  const stored = join(folder, 'stored')
  mkdirSync(stored)
  const certificate: Certificate | undefined =
    options.tls === true ? makeCertificate(folder) : options.tls || undefined
  const aclFile = options.acl && join(folder, 'users.acl')
  if (aclFile) writeFileSync(aclFile, aclText(options.acl, options.password), { mode: 0o600 })
  const launchOn = (port: number) => {
    writeFileSync(configFile, redisConfig(options, port, stored, aclFile, certificate), { mode: 0o600 })
    const { environment } = options
    return launch(configFile, port, environment && { environment })
  }

  let [child, port] = await launchAnywhere(launchOn, findPort)
  const end = (signal: NodeJS.Signals) => endProcess(child, signal)
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
