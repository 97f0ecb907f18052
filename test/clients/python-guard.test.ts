import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { runPython } from './support/python.ts'

const LIMIT_MS = 90_000

let redis: RedisServer
beforeEach(async () => {
  redis = await startRedis()
})
afterEach(() => redis.stop())

/** `guarded()` starts the scheduler under the gate. */
const BEFORE = `
import os, threading, time, deploy_gate
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from scheduling import context, drain, later, once, until

class Store(MemoryJobStore):
    broken = False
    def get_all_jobs(self):
        if self.broken: raise OSError("the store is away")
        return super().get_all_jobs()

store = Store()
scheduler = BackgroundScheduler(timezone="UTC", jobstores={"default": store}, executors={"default": ThreadPoolExecutor(20)})
def guarded(**options):
    guard = deploy_gate.guard_apscheduler(scheduler, **options)
    scheduler.start()
    return guard
ran = threading.Event()
`
/** At once, also when threads of the script hang for good. */
const AFTER = '\nos._exit(0)\n'

/** What the lines print, but for the gate's own lines. */
function prints(lines: string): string[] {
  const env = { REDIS_URL: redis.url, PYTHONUNBUFFERED: '1' }
  const { stdout, stderr } = runPython(BEFORE + lines + AFTER, env)
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => line !== '')
}
const QUIET = "{'running': 0, 'finished': 0, 'stored': 0}"
const FINISHED = "{'running': 0, 'finished': 1, 'stored': 0}"

describe('the guard', { timeout: LIMIT_MS }, () => {
  it('drains a scheduler that has not started yet, and holds it when it does', () => {
    const lines = `
guard = deploy_gate.guard_apscheduler(scheduler)
print(guard.drain(context()))
once(scheduler, ran.set)
scheduler.start()
print(ran.wait(1))
guard.resume()
print(ran.wait(20))`
    expect(prints(lines)).toEqual([QUIET, 'False', 'True'])
  })

  it('lets go of nothing that was drained as it joined', () => {
    const lines = `
def join(drain, resume, **options):
    drain(context())
deploy_gate.join = join
guard = guarded()
once(scheduler, ran.set)
print(ran.wait(1))
guard.resume()
print(ran.wait(20))`
    expect(prints(lines)).toEqual(['False', 'True'])
  })

  it('lets go of the scheduler of an app that could not join', () => {
    const lines = `
del os.environ["REDIS_URL"]
try: guarded()
except ValueError: scheduler.start()
once(scheduler, ran.set)
print(ran.wait(20))`
    expect(prints(lines)).toEqual(['True'])
  })

  it('wakes a scheduler in which nothing was missed', () => {
    const lines = `
guard = guarded()
guard.drain(context())
scheduler.add_job(ran.set, "date", run_date=later(2))
until(lambda: not scheduler._event.is_set())
guard.resume()
print(ran.wait(20))`
    expect(prints(lines)).toEqual(['True'])
  })

  it('waits for a scheduler that is looking for what is due, and for what that starts', () => {
    const lines = `
looking, go_on, end = threading.Event(), threading.Event(), threading.Event()
def get_due_jobs(now, real=store.get_due_jobs):
    due = real(now)
    if due:
        looking.set()
        go_on.wait()
    return due
store.get_due_jobs = get_due_jobs
guard = guarded()
once(scheduler, end.wait)
print(looking.wait(20))
given, ended = drain(guard)
print(ended(1))
go_on.set()
until(lambda: guard.running() == 1)
end.set()
print(ended())`
    expect(prints(lines)).toEqual(['True', 'None', FINISHED])
  })

  it('waits for a job that adds a job as its drain asks for names', () => {
    const lines = `
adding, asked, go_on = threading.Event(), threading.Event(), threading.Event()
def add_job(job, real=store.add_job):
    if job.id == "added":
        adding.set()
        go_on.wait()
    real(job)
store.add_job = add_job
def get_jobs(real=scheduler.get_jobs):
    asked.set()
    return real()
scheduler.get_jobs = get_jobs
guard = guarded()
once(scheduler, lambda: once(scheduler, print, id="added"))
print(adding.wait(20))
given, ended = drain(guard)
print(asked.wait(20))
go_on.set()
print(ended())`
    expect(prints(lines)).toEqual(['True', 'True', FINISHED])
  })

  it('holds nothing for a drain that was withdrawn before it began', () => {
    const lines = `
guard = guarded()
guard.resume()
guard.drain(context(withdrawn=True))
once(scheduler, ran.set)
print(ran.wait(20))`
    expect(prints(lines)).toEqual(['True'])
  })

  it('waits for the running jobs, also when a drain that was withdrawn begins after its own', () => {
    const lines = `
guard = guarded()
end = threading.Event()
once(scheduler, end.wait)
until(lambda: guard.running() == 1)
given, ended = drain(guard)
until(lambda: given._progress["running"] == 1)
guard.drain(context(withdrawn=True))
print(ended(1))
end.set()
print(ended())`
    expect(prints(lines)).toEqual(['None', FINISHED])
  })

  it('drains and resumes beside a job store that can not be read, and says what that may cost', () => {
    const lines = `
guard = guarded()
end = threading.Event()
once(scheduler, end.wait)
until(lambda: guard.running() == 1)
store.broken = True
given, ended = drain(guard)
until(lambda: given._progress["running"] == 1)
end.set()
print(ended())
guard.resume()
once(scheduler, ran.set)
print(ran.wait(20))`
    const told =
      '[deploy-gate] what was due while held could not be looked up, or not all of it, and may be left out: the store is away'
    expect(prints(lines)).toEqual([FINISHED, told, 'True'])
  })

  it('starts nothing of a flood that is due as the drain begins', () => {
    const lines = `
guard = guarded()
late = []
for turn in range(20):
    state = {"drained": False}
    def job(state=state):
        if state["drained"]: late.append(1)
    due = later(0.03)
    for number in range(300):
        scheduler.add_job(job, "date", run_date=due, misfire_grace_time=None)
    while later(-turn / 1000) < due: pass
    guard.drain(context())
    state["drained"] = True
    time.sleep(0.05)
    state["drained"] = False
    guard.resume()
print("late", len(late))`
    expect(prints(lines)).toEqual(['late 0'])
  })
})

describe('what was due while held', { timeout: LIMIT_MS }, () => {
  it.each([
    ['one', "['hourly', 'once'] True"],
    ['skip', "['once'] True"],
  ])('with missed=%s', (missed, expected) => {
    const lines = `
names = []
scheduler.add_job(lambda: names.append("hourly"), "interval", hours=1, next_run_time=later(3600), id="hourly")
guard = guarded(missed="${missed}")
guard.drain(context())
scheduler.modify_job("hourly", next_run_time=later(-600))
scheduler.add_job(lambda: names.append("once"), "date", run_date=later(-600), id="once")
scheduler.add_job(ran.set, "date", run_date=later(-1), id="last", misfire_grace_time=None)
print(ran.wait(1))
guard.resume()
print(ran.wait(20))
until(lambda: len(names) >= ${missed === 'one' ? 2 : 1})
print(sorted(names), scheduler.get_job("hourly").next_run_time > later())`
    expect(prints(lines)).toEqual(['False', 'True', expected])
  })
})
