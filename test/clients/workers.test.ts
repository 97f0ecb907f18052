import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { LIMIT } from '../participant/support/lines.ts'
import { useGate } from '../supervisor/support/gate.ts'

vi.setConfig({ testTimeout: 180_000 })

/** How long a job goes on after the drain has been asked for: longer than the 25 s of Sidekiq and the 30 s of Heroku. */
const LONG_MS = 35_000
/** How long a held worker is watched for what it must not do. */
const WATCHED_MS = 3_000
/** A worker takes some seconds to start, more on a machine that is busy. */
const PATIENT = { ...LIMIT, timeout: 60_000 }
const DRAIN = { types: ['worker'], leaseMs: 600_000 }

const apps = join(import.meta.dirname, 'apps')
const gate = useGate()

/** The worker of `apps/<folder>`, run as its Procfile says. `program` enqueues jobs. */
function start(folder: string, program: readonly string[] = []) {
  const cwd = join(apps, folder)
  const procfile = readFileSync(join(cwd, 'Procfile'), 'utf8').trim()
  const [type = '', ...words] = procfile.split(/:? /)
  const split = words.indexOf('--')
  const env = {
    DYNO: `${type}.1`,
    PYTHONPATH: `${cwd}:${join(apps, 'python-jobs')}`,
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const app = gate.run(
    ['sh', '-c', `cd ${cwd} && exec ${words.slice(split + 1).join(' ')}`],
    words.slice(2, split),
    env,
  )
  const { redis } = gate.deployer
  return {
    ...app,
    dyno: env.DYNO,
    enqueue(...names: string[]) {
      const [command = '', ...args] = program
      execFileSync(command, [...args, ...names], { cwd, env: gate.env(env), stdio: 'ignore' })
    },
    /** Lets the job of this name end. */
    finish: (name: string) => redis.set(`end ${name}`, ''),
    /** what jobs have done so far, in order */
    happened: () => redis.lrange('happened', 0, -1),
    async did(...what: string[]) {
      await expect.poll(() => redis.lrange('happened', 0, -1), PATIENT).toEqual(what)
    },
  }
}

const python = ['/usr/bin/python3', 'worker.py']
const workers = [
  { name: 'Celery', folder: 'run-celery-worker', program: python, afterMs: 3_000 },
  // RQ's own worker for Heroku would give the job 6 s.
  { name: 'RQ', folder: 'run-rq', program: python, afterMs: 8_000 },
  // The only one with a limit of its own, 25 s unless -t says otherwise.
  { name: 'Sidekiq', folder: 'run-sidekiq', program: ['ruby', 'worker.rb'], afterMs: LONG_MS },
]

describe.each(workers)('a worker of $name', ({ folder, program, afterMs }) => {
  it('ends its job at a drain, takes none while it is held, and takes the next one after the resume', async () => {
    const { deployer } = gate
    const app = start(folder, program)
    app.enqueue('first', 'second')
    await app.did('first begun')
    const owner = await deployer.acquire(DRAIN)
    await deployer.sees({ state: 'draining', running: 1 }, app.dyno)
    // As Heroku does, if the dyno has to end during a drain.
    const asked = await app.saw(/asked sh to end/)
    process.kill(Number(/pid (\d+)/.exec(asked)?.[1]), 'SIGTERM')
    await sleep(afterMs)
    expect(await app.happened()).toEqual(['first begun'])
    expect(await deployer.row(app.dyno)).toMatchObject({ state: 'draining', running: 1 })
    await app.finish('first')
    await expect.poll(() => deployer.row(app.dyno), PATIENT).toMatchObject({ state: 'drained', running: 0 })
    expect((await deployer.row(app.dyno))?.note).toMatch(/ ended with code 0$/)
    expect(gate.processes()).toEqual([app.pid])
    await sleep(WATCHED_MS)
    expect(await app.happened()).toEqual(['first begun', 'first finished'])
    await deployer.finish(owner, 'aborted')
    await app.did('first begun', 'first finished', 'second begun')
    await app.finish('second')
    await app.did('first begun', 'first finished', 'second begun', 'second finished')
    app.kill('SIGTERM')
    await app.ended
    expect(gate.processes()).toEqual([])
  })

  it('puts its job back when it is forced, and runs it again after the resume', async () => {
    const { deployer } = gate
    const app = start(folder, program)
    app.enqueue('first')
    await app.did('first begun')
    const owner = await deployer.acquire(DRAIN)
    await deployer.sees({ state: 'draining', running: 1 }, app.dyno)
    await deployer.force(owner)
    await expect.poll(() => deployer.row(app.dyno), PATIENT).toMatchObject({ state: 'drained' })
    // It was not killed.
    expect((await deployer.row(app.dyno))?.note).toMatch(/ ended with code [01]$/)
    expect(gate.processes()).toEqual([app.pid])
    expect(await app.happened()).toEqual(['first begun'])
    await deployer.finish(owner, 'aborted')
    await app.did('first begun', 'first begun')
    await app.finish('first')
    await app.did('first begun', 'first begun', 'first finished')
    app.kill('SIGTERM')
    await app.ended
    expect(gate.processes()).toEqual([])
  })

  it('loses no job when Heroku ends the dyno, and sends SIGTERM to each of its processes', async () => {
    const app = start(folder, program)
    app.enqueue('first')
    await app.did('first begun')
    for (const pid of gate.processes()) process.kill(pid, 'SIGTERM')
    await app.ended
    expect(gate.processes()).toEqual([])
    expect(await app.happened()).toEqual(['first begun'])
    const next = start(folder)
    await next.did('first begun', 'first begun')
    await next.finish('first')
    await next.did('first begun', 'first begun', 'first finished')
  })
})

// The processes of Celery's pool end by Heroku's SIGTERM at once.
describe.each(workers.filter(({ name }) => name !== 'Celery'))(
  'the job of a worker of $name',
  ({ folder, program }) => {
    it('goes on for a while after Heroku has sent SIGTERM to each process of the dyno', async () => {
      const app = start(folder, program)
      app.enqueue('first')
      await app.did('first begun')
      for (const pid of gate.processes()) process.kill(pid, 'SIGTERM')
      await app.saw(/asked sh to end/)
      await sleep(WATCHED_MS)
      await app.finish('first')
      await app.ended
      expect(await app.happened()).toEqual(['first begun', 'first finished'])
      expect(gate.processes()).toEqual([])
    })
  },
)

it('Celery beat sends nothing while it is held, and goes on after the resume', async () => {
  const { deployer } = gate
  const app = start('run-celery-beat')
  const sent = () => deployer.redis.llen('celery')
  await expect.poll(sent, PATIENT).toBeGreaterThan(2)
  const owner = await deployer.acquire({ leaseMs: 600_000 })
  await expect.poll(() => deployer.row(app.dyno), PATIENT).toMatchObject({ state: 'drained' })
  expect((await deployer.row(app.dyno))?.note).toMatch(/ ended with code 0$/)
  const held = await sent()
  await sleep(WATCHED_MS)
  expect(await sent()).toBe(held)
  await deployer.finish(owner, 'aborted')
  await expect.poll(sent, PATIENT).toBeGreaterThan(held)
  app.kill('SIGTERM')
  await app.ended
  expect(gate.processes()).toEqual([])
})
