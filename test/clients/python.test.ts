import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Deployer } from '../participant/support/deployer.ts'
import { startRedis } from '../support/redis/redis-server.ts'

const clients = join(import.meta.dirname, '../../clients/python')

/** Runs a few lines of Python to their end. */
function python(lines: string, env: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-W', 'error', '-B', '-c', lines], {
    env: { PATH: process.env.PATH, PYTHONPATH: clients, ...env },
    encoding: 'utf8',
  })
  return { stdout, stderr, status, last: stderr.trim().split('\n').at(-1) }
}
const JOIN = 'import deploy_gate\np = deploy_gate.join(lambda context: None, lambda: None, **OPTIONS)\n'
const joining = (options: string) => JOIN.replace('OPTIONS', options)

describe('wrong options are refused by name, and show no secret', () => {
  const secret = 'redis://user:pa55word@host:6379'
  it.each([
    ['{}', {}, 'deploy-gate: there is no Redis URL. Set REDIS_URL, or pass redis_url to join().'],
    ['{}', { REDIS_URL: 'http://pa55word@host' }, /REDIS_URL begins with neither redis:\/\/ nor rediss:\/\//],
    ['{"redis_url": "redis://:pa55word@host:port"}', {}, /redis_url can't be used. Expected redis:\/\//],
    ['{}', { REDIS_URL: secret, DEPLOY_GATE_NAME: 'a{b' }, /the gate name "a\{b" can't be used/],
    ['{"certificate_fingerprint": "ab"}', { REDIS_URL: secret }, /certificate_fingerprint is not a SHA-256/],
  ])('%s with %o', (options, env, message) => {
    const { stderr, status, last } = python(joining(options), env as Record<string, string>)
    expect(status).toBe(1)
    expect(last?.replace('ValueError: ', '')).toMatch(message)
    expect(stderr).not.toContain('pa55word')
  })

  it('the policy for missed runs', () => {
    expect(python('import deploy_gate\ndeploy_gate.guard_apscheduler(None, missed="all")').last).toBe(
      'ValueError: deploy-gate: missed is "all". Expected one or skip.',
    )
  })
})

describe('TLS', () => {
  const told = `${joining('OPTIONS')}print(p.state)\np.leave()\nprint(p.state)`
  it('accepts a self-signed certificate, and the pinned one', async () => {
    await using redis = await startRedis({ tls: true, password: 'pa55word' })
    for (const options of ['{}', `{"certificate_fingerprint": "${redis.fingerprint}"}`]) {
      const run = python(told.replace('OPTIONS', options), { REDIS_URL: redis.url })
      expect([run.stderr, run.stdout.split('\n').filter((line) => !line.startsWith('['))]).toEqual([
        '',
        ['running', 'exited', ''],
      ])
    }
  })

  it.each([
    [
      'another one than the pinned',
      `{"certificate_fingerprint": "${'ab'.repeat(32)}"}`,
      /not the pinned one/,
    ],
    ['an unsigned one when told to verify', '{"verify_certificate": True}', /certificate verify failed/i],
  ])(
    'sends nothing to a server that shows %s',
    async (_, options, why) => {
      await using redis = await startRedis({ tls: true, password: 'pa55word' })
      const { stdout } = python(told.replace('OPTIONS', options), { REDIS_URL: redis.url })
      expect(stdout).toMatch(why)
      expect(stdout).toMatch(/starting without the gate/)
      expect(stdout).not.toContain('pa55word')
    },
    30_000,
  )
})

describe('runs that were due while held', () => {
  const policy = (missed: string) => `
import threading, time, deploy_gate
from datetime import datetime, timedelta, timezone
from apscheduler.schedulers.background import BackgroundScheduler
ran = []
scheduler = BackgroundScheduler(timezone="UTC")
later = lambda seconds: datetime.now(timezone.utc) + timedelta(seconds=seconds)
scheduler.add_job(lambda: ran.append("hourly"), "interval", hours=1, next_run_time=later(3600), id="hourly")
guard = deploy_gate.guard_apscheduler(scheduler, missed="${missed}")
scheduler.start()
context = deploy_gate.DrainContext(lambda: None)
guard.drain(context)
scheduler.modify_job("hourly", next_run_time=later(-600))
scheduler.add_job(lambda: ran.append("once"), "date", run_date=later(-600), id="once")
done = threading.Event()
scheduler.add_job(done.set, "date", run_date=later(-1), id="last", misfire_grace_time=None)
assert not done.wait(1), "started while held"
guard.resume()
assert done.wait(10)
deadline = time.monotonic() + 10
while len(ran) < ${missed === 'one' ? 2 : 1} and time.monotonic() < deadline: time.sleep(0.01)
print(sorted(ran), scheduler.get_job("hourly").next_run_time > later(0))
scheduler.shutdown()
guard.participation.leave()
`
  it.each([
    ['one', "['hourly', 'once'] True"],
    ['skip', "['once'] True"],
  ])(
    'with missed=%s',
    async (missed, expected) => {
      await using redis = await startRedis()
      const { stdout, stderr } = python(policy(missed), { REDIS_URL: redis.url })
      expect(stderr).toBe('')
      expect(stdout).toContain(expected)
    },
    30_000,
  )
})

describe('a flood of jobs that are due as the drain begins', () => {
  it('starts none after the drain has returned', async () => {
    await using redis = await startRedis()
    const { stdout, stderr } = python(
      `
import time, deploy_gate
from datetime import datetime, timedelta, timezone
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
scheduler = BackgroundScheduler(timezone="UTC", executors={"default": ThreadPoolExecutor(20)})
guard = deploy_gate.guard_apscheduler(scheduler)
scheduler.start()
late = []
for turn in range(20):
    state = {"drained": False}
    def job(state=state):
        if state["drained"]: late.append(1)
    due = datetime.now(timezone.utc) + timedelta(milliseconds=30)
    for number in range(300):
        scheduler.add_job(job, "date", run_date=due, misfire_grace_time=None)
    while datetime.now(timezone.utc) < due + timedelta(milliseconds=turn): pass
    guard.drain(deploy_gate.DrainContext(lambda: None))
    state["drained"] = True
    time.sleep(0.05)
    state["drained"] = False
    guard.resume()
print("late", len(late))
scheduler.shutdown()
guard.participation.leave()
`,
      { REDIS_URL: redis.url },
    )
    expect(stderr).toBe('')
    expect(stdout).toContain('late 0')
  }, 60_000)
})

describe('a Redis that goes away', () => {
  it('leaves a running process alone, and is joined again when it is back', async () => {
    await using redis = await startRedis()
    const lines = `${joining('{"dyno": "clock.1"}')}import time\nprint(p.state)\ntime.sleep(600)`
    const child = spawn('/usr/bin/python3', ['-B', '-c', lines], {
      env: { PATH: process.env.PATH, PYTHONPATH: clients, REDIS_URL: redis.url },
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => child.on('close', resolve))
    const deployer = new Deployer(redis.url)
    try {
      const { id } = await deployer.sees({ state: 'running' })
      await redis.restart({ keepData: false })
      await expect.poll(() => deployer.row(), { timeout: 30_000 }).toMatchObject({ state: 'running', id })
    } finally {
      child.kill('SIGKILL')
      await ended
      deployer.redis.disconnect()
    }
  }, 60_000)
})
