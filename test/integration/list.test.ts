import { describe, expect, it } from 'vitest'
import { openScene, type Scene, told } from './support/scene.ts'

const TICK = /^tick/
const RESTART = 'heroku ps:restart clock --app shop'
const FAILING_BUILD =
  'echo "-----> Node.js app detected"\necho " !     Push rejected, failed to compile Node.js app."\nexit 1'

const lists = async ({ inRedis }: Scene) => ({
  request: await inRedis.lrange('request', 0, -1),
  response: await inRedis.lrange('response', 0, -1),
})
const EMPTY = { request: [], response: [] }

describe('a listener that was written by hand', { timeout: 60_000 }, () => {
  it('is asked and waited for, whatever stood in its lists, and the new clock finds no request', async () => {
    await using scene = await openScene()
    scene.builds()
    const old = await scene.listClock('node')
    await scene.inRedis.lpush('response', 'done')
    await scene.startJob(old)
    const step = scene.step({ protocol: 'list' })
    await step.waitForLine(/^clock took the request/)
    await old.saw(/^stopped/)
    expect(scene.pushed()).not.toBe(scene.commit)
    await scene.endJob()
    await step.waitForLine(/^clock answered "done"/)
    await step.waitForLine(/Node\.js app detected/)
    expect(await lists(scene)).toMatchObject({ request: [] })
    const neu = await scene.listClock('node')
    scene.world.git.release()
    const result = await step.done
    expect(told(result, 'error')).toBe('')
    expect(result.outputs).toMatchObject({
      outcome: 'deployed',
      release: 'v43',
      commit: scene.commit,
      'jobs-finished': '',
      'jobs-stored': '',
    })
    expect(JSON.parse(result.outputs.drained ?? '')).toMatchObject([
      { dyno: 'clock', state: 'drained', note: '"done"', drainedSeconds: expect.any(Number) },
    ])
    expect(scene.pushed()).toBe(scene.commit)
    expect(told(result, 'warning')).toMatch(/protocol: list can not promise.*docs\/clients\.md/)
    expect(result.log).toMatch(/wait-for-clock is passed over/)
    expect(result.log).not.toMatch(/of the new release/)
    expect(await lists(scene)).toEqual(EMPTY)
    expect(neu.lines).not.toContain('stopped')
    await neu.next(TICK)
    expect(old.lines).not.toContain('resumed')
    scene.assertSecret(result)
    expect((await step.post()).log).toBe('')
  })

  it('is started again when the build fails, where it knows a word for that', async () => {
    await using scene = await openScene()
    scene.buildWith(FAILING_BUILD)
    const clock = await scene.listClock('python')
    const result = await scene.step({ protocol: 'list', 'list-resume-message': 'resume' }).done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'build-failed' } })
    await clock.saw(/^resumed/)
    await clock.next(TICK)
    expect(told(result, 'error') + told(result, 'warning')).not.toContain('ps:restart')
    expect(await lists(scene)).toEqual(EMPTY)
  })

  it('stays stopped when the build fails and it knows none, and that is said with what to do', async () => {
    await using scene = await openScene()
    scene.buildWith(FAILING_BUILD)
    const clock = await scene.listClock('node')
    const step = scene.step({ protocol: 'list' })
    const result = await step.done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'build-failed' } })
    const what = `The clock stays stopped until its dyno restarts. Now run: ${RESTART}.`
    expect(told(result, 'error')).toMatch(/The build of .* failed/)
    expect(told(result, 'error')).toContain(`\n${what} `)
    expect(told(result, 'warning')).toContain(what)
    expect(result.summary).toMatch(/What to do:.*heroku ps.*restart clock/)
    expect(clock.lines).not.toContain('resumed')
    expect(await lists(scene)).toEqual(EMPTY)
    expect((await step.post()).log).toContain('over already: nothing to do')
  })

  it('that is too slow is told to go on, and does when its job has ended', async () => {
    await using scene = await openScene()
    const clock = await scene.listClock('python')
    await scene.startJob(clock)
    const step = scene.step({
      protocol: 'list',
      'list-resume-message': 'resume',
      'acknowledge-timeout': '2s',
      'drain-timeout': '2s',
    })
    await step.waitForLine(/^put "resume" into the list "request"/)
    await scene.endJob()
    const result = await step.done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'drain-timeout' } })
    expect(told(result, 'error')).toMatch(
      /^The clock took the request and did not answer within 2 s\.\nNothing was pushed/,
    )
    await clock.saw(/^job 1 finished/)
    await clock.saw(/^resumed/)
    await clock.next(TICK)
    expect(scene.pushed()).not.toBe(scene.commit)
  })

  it('that is not there leaves no request behind for the next boot', async () => {
    await using scene = await openScene()
    const result = await scene.step({ protocol: 'list', 'acknowledge-timeout': '1s' }).done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'missing-clock' } })
    expect(told(result, 'error')).toMatch(
      /Nobody took the request from the list "request" within 1 s: is the clock running\?/,
    )
    expect(await lists(scene)).toEqual(EMPTY)
    const clock = await scene.listClock('node')
    await clock.next(TICK)
    expect(clock.lines).not.toContain('stopped')
  })
})

describe('a main step that is killed leaves the rest to its post step', { timeout: 60_000 }, () => {
  it('which tells the clock to go on', async () => {
    await using scene = await openScene()
    const clock = await scene.listClock('node')
    await scene.startJob(clock)
    const step = scene.step({ protocol: 'list', 'list-resume-message': 'resume' })
    await step.waitForLine(/^clock took the request/)
    process.kill(step.pid, 'SIGKILL')
    await step.done
    await scene.endJob()
    const post = await step.post()
    expect(post.code).toBe(0)
    expect(post.log).toContain('put "resume" into the list "request"')
    await clock.saw(/^resumed/)
    await clock.next(TICK)
    scene.assertSecret(post)
  })

  it('which takes back a request that nobody has taken', async () => {
    await using scene = await openScene()
    const step = scene.step({ protocol: 'list' })
    await step.waitForLine(/^put "shutdown" into the list/)
    process.kill(step.pid, 'SIGKILL')
    await step.done
    expect(await lists(scene)).toEqual({ request: ['shutdown'], response: [] })
    const post = await step.post()
    expect(post.log).toContain('took "shutdown" back out of the list "request"')
    expect(await lists(scene)).toEqual(EMPTY)
  })
})
