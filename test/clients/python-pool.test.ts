import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Deployer } from '../participant/support/deployer.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { runPython, startPython } from './support/python.ts'

const LIMIT_MS = 120_000
const SOON = { timeout: 30_000, interval: 20 }

let folder: string
let redis: RedisServer
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-gate-python-'))
  redis = await startRedis()
})
afterEach(async () => {
  await redis.stop()
  rmSync(folder, { recursive: true })
})

/** `path(name)` of a file of the test's own. */
const BEFORE = `
import multiprocessing, os, signal, time, deploy_gate, pooled
from apscheduler.executors.pool import ProcessPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from scheduling import drain, hourly, once, until

def path(name):
    return os.path.join(os.environ["FOLDER"], name)
def guarded(**options):
    pool = ProcessPoolExecutor(1, pool_kwargs=options)
    scheduler = BackgroundScheduler(timezone="UTC", executors={"default": pool})
    guard = deploy_gate.guard_apscheduler(scheduler, dyno="clock.1")
    scheduler.start()
    return scheduler, guard
`

/** What the lines print, but for the gate's own lines. */
function prints(lines: string): string[] {
  const { stdout, stderr } = runPython(BEFORE + lines, { REDIS_URL: redis.url, FOLDER: folder })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => line && !line.startsWith('[deploy-gate]'))
}

describe('a process pool', () => {
  it('is drained of what runs in it and of what waits for it, and stays quiet', { timeout: LIMIT_MS }, () => {
    const printed = prints(`
scheduler, guard = guarded(mp_context=multiprocessing.get_context("spawn"))
one, two, late = path("one"), path("two"), path("late")
hourly(scheduler, pooled.work, one, name="one")
hourly(scheduler, pooled.work, two, name="two")
until(lambda: os.path.exists(one + ".pid") and guard.running() == 2)
print(os.path.exists(two + ".pid"))
given, ended = drain(guard)
until(lambda: given._progress["running"] == 2)
print(given._progress["note"])
pooled.touch(one)
until(lambda: given._progress["running"] == 1)
once(scheduler, pooled.touch, late)
pooled.touch(two)
print(ended(), os.path.exists(two + ".done"))
time.sleep(1)
print(os.path.exists(late))
guard.resume()
until(lambda: os.path.exists(late))
scheduler.shutdown()
guard.participation.leave()`)
    expect(printed).toEqual(['False', 'one, two', "{'running': 0, 'finished': 2, 'stored': 0} True", 'False'])
  })

  it('whose worker dies loses its runs: nothing is waited for, and they are told as lost, not as finished', {
    timeout: LIMIT_MS,
  }, () => {
    const printed = prints(`
import logging
logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
scheduler, guard = guarded(mp_context=multiprocessing.get_context("spawn"))
one = path("one")
once(scheduler, pooled.work, one)
until(lambda: os.path.exists(one + ".pid"))
given, ended = drain(guard)
until(lambda: given._progress["running"] == 1)
with open(one + ".pid") as file: os.kill(int(file.read()), signal.SIGKILL)
print(ended(), guard.running())
scheduler.shutdown()
guard.participation.leave()`)
    expect(printed).toEqual([
      "{'running': 0, 'finished': 0, 'stored': 0, 'note': '1 lost: cancelled, or the process that it ran in died'} 0",
    ])
  })

  it('whose workers ignore SIGTERM finishes its jobs when Heroku sends it to every process', {
    timeout: LIMIT_MS,
  }, async () => {
    const lines = `${BEFORE}
scheduler, guard = guarded(initializer=signal.signal, initargs=(signal.SIGTERM, signal.SIG_IGN))
once(scheduler, pooled.work, path("one"))
while True: time.sleep(60)`
    const job = join(folder, 'one')
    await using app = startPython(lines, { REDIS_URL: redis.url, FOLDER: folder })
    const deployer = new Deployer(redis.url)
    await expect.poll(() => existsSync(`${job}.pid`), SOON).toBe(true)
    const worker = Number(readFileSync(`${job}.pid`, 'utf8'))
    try {
      process.kill(worker, 'SIGTERM')
      app.kill('SIGTERM')
      await deployer.sees({ state: 'draining', running: 1 })
      writeFileSync(job, '')
      expect(await app.ended).toBe('SIGTERM')
      expect(existsSync(`${job}.done`)).toBe(true)
      expect(await deployer.row()).toMatchObject({ state: 'exited', finished: 1 })
    } finally {
      // Nobody tells the worker of a process that died of a signal.
      process.kill(worker, 'SIGKILL')
      deployer.redis.disconnect()
    }
  })
})
