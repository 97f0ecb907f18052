import { describe, expect, it } from 'vitest'
import { startRedis } from '../support/redis/redis-server.ts'
import { runPython } from './support/python.ts'

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
      const { stdout, stderr } = runPython(policy(missed), { REDIS_URL: redis.url })
      expect(stderr).toBe('')
      expect(stdout).toContain(expected)
    },
    30_000,
  )
})

describe('a flood of jobs that are due as the drain begins', () => {
  it('starts none after the drain has returned', async () => {
    await using redis = await startRedis()
    const { stdout, stderr } = runPython(
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
