import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Deployer } from '../participant/support/deployer.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { runPython, startPython } from './support/python.ts'

const LIMIT_MS = 120_000

let redis: RedisServer
beforeEach(async () => {
  redis = await startRedis()
})
afterEach(() => redis.stop())

const BEFORE = `
import asyncio, threading, deploy_gate
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from driven import obey, say
from scheduling import context, drain, hourly, later, once, until

async def until_then(condition):
    await asyncio.get_running_loop().run_in_executor(None, until, condition)
scheduler = AsyncIOScheduler(timezone="UTC")
guard = deploy_gate.guard_apscheduler(scheduler, dyno="clock.1")
`

/** What the lines print, but for the gate's own lines. */
function prints(lines: string): string[] {
  const { stdout, stderr } = runPython(BEFORE + lines, { REDIS_URL: redis.url })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => line && !line.startsWith('[deploy-gate]'))
}

describe('AsyncIOScheduler', () => {
  it('is drained of coroutines and functions, stays quiet, and goes on', { timeout: LIMIT_MS }, () => {
    const printed = prints(`
async def main():
    scheduler.start()
    coroutine_may_end, function_may_end, ran = asyncio.Event(), threading.Event(), asyncio.Event()
    async def coroutine(): await coroutine_may_end.wait()
    def function(): function_may_end.wait()
    hourly(scheduler, coroutine)
    hourly(scheduler, function)
    await until_then(lambda: guard.running() == 2)
    given, ended = drain(guard)
    await until_then(lambda: given._progress["running"] == 2)
    print(given._progress["note"])
    coroutine_may_end.set()
    await until_then(lambda: given._progress["running"] == 1)
    async def late(): ran.set()
    once(scheduler, late)
    function_may_end.set()
    print(await asyncio.to_thread(ended))
    await asyncio.sleep(1)
    print(ran.is_set())
    await asyncio.to_thread(guard.resume)
    print(await asyncio.wait_for(ran.wait(), 20))

    async def storing():
        while not guard.stopping.is_set(): await asyncio.sleep(0.01)
        guard.stored()
    once(scheduler, storing)
    await until_then(lambda: guard.running() == 1)
    given, ended = drain(guard)
    given.stop.set()
    print(await asyncio.to_thread(ended))

    ran.clear()
    scheduler.add_job(late, "date", run_date=later(2))
    await asyncio.sleep(0.1)
    await asyncio.to_thread(guard.resume)
    print(await asyncio.wait_for(ran.wait(), 20))
asyncio.run(main())
guard.participation.leave()`)
    expect(printed).toEqual([
      'main.<locals>.coroutine, main.<locals>.function',
      "{'running': 0, 'finished': 2, 'stored': 0}",
      'False',
      'True',
      "{'running': 0, 'finished': 0, 'stored': 1}",
      'True',
    ])
  })

  it('finishes its jobs at SIGTERM, for the loop goes on meanwhile', { timeout: LIMIT_MS }, async () => {
    const lines = `${BEFORE}
end = threading.Event()
async def job():
    while not end.is_set(): await asyncio.sleep(0.01)
    say("job finished")
async def main():
    scheduler.start()
    once(scheduler, job)
    await until_then(lambda: guard.running() == 1)
    say("job started")
    await asyncio.get_running_loop().run_in_executor(None, obey, globals())
asyncio.run(main())`
    await using app = startPython(lines, { REDIS_URL: redis.url })
    const deployer = new Deployer(redis.url)
    try {
      await app.says(/^job started$/)
      app.kill('SIGTERM')
      await deployer.sees({ state: 'draining', running: 1 })
      app.tell('end.set()')
      expect(await app.ended).toBe('SIGTERM')
      expect(app.printed).toContain('job finished')
      expect(await deployer.row()).toMatchObject({ state: 'exited', finished: 1 })
    } finally {
      deployer.redis.disconnect()
    }
  })

  it('starts nothing of a flood that is due as the drain begins', { timeout: LIMIT_MS }, () => {
    const printed = prints(`
late = []
async def main():
    scheduler.start()
    for turn in range(20):
        state = {"drained": False}
        async def job(state=state):
            await asyncio.sleep(0)
            if state["drained"]: late.append(1)
        due = later(0.03)
        for number in range(300):
            scheduler.add_job(job, "date", run_date=due, misfire_grace_time=None)
        while later(-turn / 1000) < due: await asyncio.sleep(0)
        await asyncio.to_thread(guard.drain, context())
        state["drained"] = True
        await asyncio.sleep(0.05)
        state["drained"] = False
        await asyncio.to_thread(guard.resume)
asyncio.run(main())
print("late", len(late))
guard.participation.leave()`)
    expect(printed).toEqual(['late 0'])
  })
})
