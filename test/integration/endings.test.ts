import { describe, expect, it } from 'vitest'
import { openScene, told } from './support/scene.ts'

const TICK = /^tick/

describe.concurrent('a deploy that ends otherwise than hoped', { timeout: 120_000 }, () => {
  it('because a clock does not accept: it is named, and goes on', async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    clock.kill('SIGSTOP')
    const result = await scene.step({ 'acknowledge-timeout': '2s' }).done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'not-acknowledged' } })
    expect(told(result, 'error')).toMatch(
      /clock\.1 did not accept the drain request within 2 s.*Nothing was pushed[\s\S]*heroku ps.*raise acknowledge-timeout/,
    )
    expect(scene.pushed()).not.toBe(scene.commit)
    clock.kill('SIGCONT')
    await clock.next(TICK)
    expect(clock.lines).not.toContain('draining')
  })

  it('because no new clock joins: it is released, and the old one stays quiet', async () => {
    await using scene = await openScene()
    scene.builds()
    scene.world.git.release()
    const clock = await scene.clock('v42')
    const result = await scene.step({ 'wait-for-clock': '2s' }).done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'clock-not-seen', release: 'v43' } })
    expect(told(result, 'error')).toMatch(
      /v43 is released, but no clock of it joined the gate within 2 s[\s\S]*`heroku ps` and `heroku logs`.*raise wait-for-clock.*heroku rollback v42 --app shop/,
    )
    expect(scene.pushed()).toBe(scene.commit)
    expect(clock.lines.filter((line) => line.includes('resuming'))).toEqual([])
  })

  it('because its time is over: git is ended, and the clock is given back', async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    const times = { 'acknowledge-timeout': '4s', 'drain-timeout': '4s', 'deploy-timeout': '6s' }
    const result = await scene.step(times).done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'deploy-timeout' } })
    expect(told(result, 'error')).toMatch(
      /not done within 6 s.*Heroku may still build and release it: `heroku releases --app shop[\s\S]*raise deploy-timeout/,
    )
    await clock.saw(/^\[deploy-gate\] resuming/)
    await clock.next(TICK)
  })

  it('because Redis lost its data: nothing is pushed, and the clock is back by itself', async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    await scene.startJob(clock)
    const step = scene.step()
    await step.waitForLine(/^clock\.1 accepted/)
    await scene.redis.restart({ keepData: false })
    const result = await step.done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'lease-lost' } })
    expect(told(result, 'error')).toMatch(
      /The drain request is gone from Redis: it was restarted without its data.*resume by themselves[\s\S]*Run the deploy again/,
    )
    expect(scene.pushed()).not.toBe(scene.commit)
    // Its own clock says when: the lease that it was given is 60 s.
    await clock.next(/^\[deploy-gate\] resuming/, 80_000)
    await scene.endJob()
    await clock.saw(/^job 1 finished/)
    await clock.next(TICK)
  })
})
