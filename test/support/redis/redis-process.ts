import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'

const ATTEMPTS = 10
const START_LIMIT_MS = 20_000

/** Ended with this process, also when a test run is broken off. */
const running = new Set<ChildProcess>()
/** Folders of servers, deleted with this process. */
export const folders = new Set<string>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

class PortTaken extends Error {}

/** Finds a port that is free now. */
export type FindPort = () => Promise<number>

/** Between finding a free port and listening on it somebody else may take it. */
export async function launchAnywhere(
  launchOn: (port: number) => Promise<ChildProcess>,
  findPort: FindPort,
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

/**
 * Starts `redis-server` ($REDIS_SERVER, or the one on the PATH) with a file of configuration that names `port`.
 * @param ready what it prints when it accepts connections
 * @param environment further variables
 * @throws Error with its last lines when it doesn't start
 */
export async function launch(
  configFile: string,
  port: number,
  {
    args = [],
    ready = 'Ready to accept connections',
    environment = {},
  }: { args?: readonly string[]; ready?: string; environment?: Readonly<Record<string, string>> } = {},
): Promise<ChildProcess> {
  const program = process.env.REDIS_SERVER ?? 'redis-server'
  const child = spawn(program, [configFile, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  const lines: string[] = []
  const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS)
  try {
    await new Promise<void>((resolve, reject) => {
      const read = (line: string) => {
        lines.push(line)
        if (lines.length > 20) lines.shift()
        if (line.includes(ready)) resolve()
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

/** Ends the process, also a paused one. A second time changes nothing. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  // A paused process hears of a signal other than SIGKILL only when it goes on.
  child.kill('SIGCONT')
  await exit
}

/** A port of 127.0.0.1 that nobody listens on now. @throws Error when `wanted` is one that somebody listens on */
export async function freePort(wanted = 0): Promise<number> {
  const probe = createServer()
  await once(probe.listen(wanted, '127.0.0.1'), 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
