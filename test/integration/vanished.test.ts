import { describe, expect, it } from 'vitest'
import { openScene } from './support/scene.ts'

const TICK = /^tick/
const DRAIN_LEASE_MS = 60_000
const PUSH_LEASE_MS = 180_000
/** for a beat and a slow machine */
const SLACK_MS = 20_000

/** With the real figures of the protocol: these tests are slow because the promise is. */
describe.concurrent('a runner that is gone without a word', () => {
  it('while draining: the clock is back within the drain lease, by itself', {
    timeout: 120_000,
  }, async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    const step = scene.step({ processes: 'clock,worker', 'acknowledge-timeout': '2m' })
    await step.waitForLine(/^clock\.1 (accepted|is drained)/)
    await step.vanish()
    await clock.next(/^\[deploy-gate\] resuming/, DRAIN_LEASE_MS + SLACK_MS)
    await clock.next(TICK)
    expect(scene.pushed()).not.toBe(scene.commit)
  })

  it('while pushing: the clock is back within the push lease, by itself', { timeout: 260_000 }, async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    const step = scene.step()
    await step.waitForLine(/Node\.js app detected/)
    await step.vanish()
    await clock.next(/^\[deploy-gate\] resuming/, PUSH_LEASE_MS + SLACK_MS)
    await clock.next(TICK)
  })

  it('with its post step left: that gives the clock back at once', { timeout: 60_000 }, async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    await scene.startJob(clock)
    const step = scene.step()
    await step.waitForLine(/^clock\.1 accepted/)
    // Node is gone, the runner is not.
    process.kill(step.pid, 'SIGKILL')
    const post = await step.post()
    expect(post.code).toBe(0)
    expect(post.log).toContain('ended it, the clock goes back to work')
    await clock.saw(/^\[deploy-gate\] resuming/)
    scene.assertSecret(post)
  })
})
