import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Program, startProgram } from '../integration/support/program.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { Deployer } from './support/deployer.ts'

vi.setConfig({ testTimeout: 30_000 })

let folder: string
let server: RedisServer
let deployer: Deployer
const programs: Program[] = []

beforeAll(async () => {
  server = await startRedis()
  deployer = new Deployer(server.url)
  folder = mkdtempSync(join(tmpdir(), 'gate-process-'))
  await build({
    entryPoints: [join(import.meta.dirname, 'support/process.ts')],
    outfile: join(folder, 'process.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    loader: { '.lua': 'text' },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
})
afterAll(async () => {
  deployer.redis.disconnect()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  await deployer.redis.flushall()
})
afterEach(async () => {
  for (const program of programs) program.kill('SIGKILL')
  await Promise.all(programs.splice(0).map(({ ended }) => ended))
})

function start(mode = '', url = server.url): Program {
  const program = startProgram(join(folder, 'process.mjs'), folder, {
    PATH: process.env.PATH ?? '',
    REDIS_URL: url,
    DYNO: 'clock.1',
    MODE: mode,
  })
  programs.push(program)
  return program
}

describe('SIGTERM', () => {
  it('drains, says goodbye, and ends the process by the same signal', async () => {
    const app = start()
    await app.saw(/^scheduling/)
    app.kill('SIGTERM')
    await app.saw(/^draining/)
    await deployer.sees({ state: 'draining', running: 1 })
    app.kill('SIGUSR2')
    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(await deployer.row()).toMatchObject({ state: 'exited', running: 0, finished: 1 })
    expect(app.lines.filter((line) => !line.startsWith('[deploy-gate]'))).toEqual([
      'scheduling',
      'draining',
      'job finished',
    ])
  })

  it('a second time does not cut the drain short', async () => {
    const app = start()
    await app.saw(/^scheduling/)
    app.kill('SIGTERM')
    await app.saw(/^draining/)
    app.kill('SIGTERM')
    await deployer.beaten()
    expect(await deployer.row()).toMatchObject({ state: 'draining' })
    app.kill('SIGUSR2')
    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(app.lines.filter((line) => line === 'draining')).toHaveLength(1)
  })

  it('ends a held process at once, which neither drains again nor resumes', async () => {
    const app = start()
    await app.saw(/^scheduling/)
    const owner = await deployer.acquire()
    await app.saw(/^draining/)
    app.kill('SIGUSR2')
    await deployer.sees({ state: 'drained' })
    await deployer.commit(owner)
    await deployer.finish(owner, 'released')
    app.kill('SIGTERM')
    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(await deployer.row()).toMatchObject({ state: 'exited', epoch: owner.epoch })
    expect(app.lines.filter((line) => /^(draining|resuming)/.test(line))).toEqual(['draining'])
  })

  it('lets the job of a running drain finish, although the drain is withdrawn then', async () => {
    const app = start()
    await app.saw(/^scheduling/)
    const owner = await deployer.acquire()
    await app.saw(/^draining/)
    app.kill('SIGTERM')
    await deployer.beaten()
    await deployer.finish(owner, 'aborted')
    await deployer.beaten()
    app.kill('SIGUSR2')
    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(app.lines.filter((line) => /^(draining|resuming|job)/.test(line))).toEqual([
      'draining',
      'job finished',
    ])
  })

  it('ends a process that is held since its boot', async () => {
    await deployer.acquire()
    const app = start()
    await deployer.sees({ state: 'drained' })
    app.kill('SIGTERM')
    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(await deployer.row()).toMatchObject({ state: 'exited' })
    expect(app.lines).not.toContain('scheduling')
  })

  it('leaves the end to an app that listens for it too', async () => {
    const app = start('own-handler')
    await app.saw(/^scheduling/)
    app.kill('SIGTERM')
    await app.saw(/^draining/)
    app.kill('SIGUSR2')
    expect(await app.ended).toEqual({ code: 3, signal: null })
    expect(await deployer.row()).toMatchObject({ state: 'exited', finished: 1 })
  })

  it("is the app's own with handleSigterm: false, and leave() lets go of everything that keeps a process alive", async () => {
    const app = start('by-hand')
    await app.saw(/^scheduling/)
    app.kill('SIGTERM')
    await app.saw(/^draining/)
    app.kill('SIGUSR2')
    expect(await app.ended).toEqual({ code: 0, signal: null })
    expect(await deployer.row()).toMatchObject({ state: 'exited', finished: 1 })
  })

  it('drains and ends a process whose Redis was never there, which had started all the same', async () => {
    await using gone = await startRedis()
    await gone.kill()
    const app = start('', gone.url)
    await app.saw(/^scheduling/)
    expect(app.lines.filter((line) => line.startsWith('[deploy-gate]'))).toEqual([
      expect.stringMatching(
        /^\[deploy-gate\] Redis at 127\.0\.0\.1:\d+ can't be reached \(.*ECONNREFUSED.*\); this process goes on and keeps trying$/,
      ),
      '[deploy-gate] Redis did not answer at boot; starting without the gate, and joining as soon as it does',
    ])
    app.kill('SIGTERM')
    await app.saw(/^draining/)
    app.kill('SIGUSR2')
    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' })
  })
})
