import { describe, expect, it } from 'vitest'
import { openScene } from './support/driven.ts'

const LIMIT_MS = 120_000

const scene = openScene()

describe('a drain handler', { timeout: LIMIT_MS }, () => {
  it('that fails refuses its deploy with its message, and drains for the next one', async () => {
    await using app = await scene.start()
    const refused = await scene.deployer.acquire()
    await app.says(/^drain 1$/)
    app.tell(String.raw`drains[0].fail(RuntimeError("the export\n can't be\tstored"))`)
    const note = "the export can't be stored"
    await scene.deployer.sees({ state: 'failed', epoch: refused.epoch, note })
    await app.says(/^resume$/)
    // Not again for the same deploy, however often it is asked.
    for (let beats = 0; beats < 3; beats++)
      expect(await scene.deployer.beaten()).toMatchObject({ state: 'failed', epoch: refused.epoch })
    await scene.deployer.finish(refused, 'aborted')
    const { epoch, note: gone } = await scene.deployer.sees({ state: 'running' })
    expect([epoch, gone]).toEqual([undefined, undefined])

    const next = await scene.deployer.acquire()
    await app.says(/^drain 2$/)
    app.tell('drains[1].end({"finished": 2, "stored": 1})')
    await scene.deployer.sees({ state: 'drained', epoch: next.epoch, finished: 2, stored: 1 })
    expect(app.said('resume')).toBe(1)
  })

  it.each([
    [
      'returns something else',
      '.end(True)',
      'the drain handler returned True. Expected None, or a dict with finished and stored.',
    ],
    ['calls sys.exit()', '.fail(SystemExit("no more"))', 'no more'],
  ])('that %s refuses the deploy, too', async (_, ending, note) => {
    await using app = await scene.start()
    await scene.deployer.acquire()
    await app.says(/^drain 1$/)
    app.tell(`drains[0]${ending}`)
    await scene.deployer.sees({ state: 'failed', note })
    await app.says(/^resume$/)
  })

  it.each([
    ['ends', '.end({"finished": 7})'],
    ['fails', '.fail(RuntimeError("too late"))'],
  ])('that was withdrawn and %s while the next one waits is nobody’s business', async (_, ending) => {
    await using app = await scene.start()
    const withdrawn = await scene.deployer.acquire()
    await app.says(/^drain 1$/)
    await scene.deployer.finish(withdrawn, 'aborted')
    await app.says(/^resume$/)
    app.tell('say("withdrawn", drains[0].context.withdrawn.is_set(), drains[0].context.stop.is_set())')
    await app.says(/^withdrawn True False$/)
    const { epoch } = await scene.deployer.acquire()
    await app.says(/^drain 2$/)
    app.tell(`drains[0]${ending}`)
    await app.says(/^drain ended$/)
    for (let beats = 0; beats < 3; beats++)
      expect(await scene.deployer.beaten()).toMatchObject({ state: 'draining', epoch, finished: 0 })
    app.tell('drains[1].end({"finished": 1})')
    await scene.deployer.sees({ state: 'drained', epoch, finished: 1 })
    expect(app.said('resume')).toBe(1)
  })

  it('is heard before the first row of its drain is written', async () => {
    await using app = await scene.start({
      before: `
import json, time
deploy_gate._FIRST_WORD = 60_000
def drain(context):
    time.sleep(0.1)
    context.report(running=1, note="an export")
    time.sleep(0.1)
    context.report(running=0)
driven.drain = drain
def tell_rows(of=deploy_gate.Participation._beat):
    def beat(self):
        row = dict(self._machine.standing, **(self._drain._row() if self._drain else {}))
        say("row", row["state"], row.get("running"), row.get("note"))
        return of(self)
    deploy_gate.Participation._beat = beat
tell_rows()`,
    })
    const { epoch } = await scene.deployer.acquire()
    await scene.deployer.sees({ state: 'drained', epoch })
    const rows = app.printed.filter((line) => /^row dra/.test(line))
    expect(rows[0]).toBe('row draining 1 an export')
  })

  it('is not called before the resume of the drain before it has returned, nor when its own was withdrawn by then', async () => {
    await using app = await scene.start({
      before: `
resumed = threading.Event()
def slow():
    say("resume")
    resumed.wait()
driven.resume = slow`,
    })
    await scene.deployer.finish(await app.drained(1), 'aborted')
    await app.says(/^resume$/)
    const early = await scene.deployer.acquire()
    await scene.deployer.sees({ state: 'draining', epoch: early.epoch })
    await scene.deployer.finish(early, 'aborted')
    await scene.deployer.sees({ state: 'running' })
    app.tell('resumed.set()')
    const { epoch } = await app.drained(2)
    expect(await scene.deployer.beaten()).toMatchObject({ state: 'drained', epoch })
    expect([app.said('resume'), app.said('drain 3')]).toEqual([1, 0])
  })
})

describe('a hold', { timeout: LIMIT_MS }, () => {
  it('ends at the own cap, which its row tells, and does not begin again for that deploy', async () => {
    await using app = await scene.start({ before: 'deploy_gate._MAX_HOLD = 3_000' })
    const owner = await app.drained(1)
    const { hold = 0, seen } = await scene.deployer.beaten()
    expect(hold - seen).toBeLessThanOrEqual(3_000)
    await app.says(/^resume$/)
    for (let beats = 0; beats < 3; beats++)
      expect(await scene.deployer.beaten()).toMatchObject({ state: 'running' })
    expect(app.said('drain 2')).toBe(0)
    await scene.deployer.finish(owner, 'aborted')
    await app.drained(2)
  })
})

describe('a server that refuses beats', { timeout: LIMIT_MS }, () => {
  it('is named as that, and as soon as it takes them the process takes part again', async () => {
    await using app = await scene.start()
    await scene.deployer.redis.config('SET', 'maxmemory', '1')
    await app.says(/Redis refused a beat \(.*maxmemory/)
    await scene.deployer.redis.config('SET', 'maxmemory', '0')
    await app.says(/Redis answers again/)
    await app.drained(1)
  })
})

describe('a log that raises', { timeout: LIMIT_MS }, () => {
  it('stops no clock', async () => {
    await using app = await scene.start({ options: 'log=lambda line: 1 / 0' })
    await scene.deployer.finish(await app.drained(1), 'aborted')
    await app.says(/^resume$/)
    await app.drained(2)
  })
})
