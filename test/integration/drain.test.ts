import { describe, expect, it } from 'vitest'
import { openScene, told } from './support/scene.ts'

const TICK = /^tick/
const JOB_ENDED = /^job 1 (finished|stored)/

describe('a drain that succeeds', { timeout: 60_000 }, () => {
  it('lets the job finish, pushes, sees the new clock, and never lets two schedule', async () => {
    await using scene = await openScene()
    scene.builds()
    const old = await scene.clock('v42')
    await scene.startJob(old)
    const step = scene.step()
    await step.waitForLine(/^clock\.1 accepted: 1 job running.*counting boxes/)
    expect(scene.pushed()).not.toBe(scene.commit)
    await scene.endJob()
    await old.saw(JOB_ENDED)
    await step.waitForLine(/Node\.js app detected/)
    const ticksWhenHeld = old.lines.filter((line) => TICK.test(line)).length
    const neu = await scene.clock('v43')
    scene.world.git.release()
    const result = await step.done
    expect(told(result, 'error')).toBe('')
    expect(result.code).toBe(0)
    expect(result.outputs).toMatchObject({
      outcome: 'deployed',
      'jobs-finished': '1',
      'jobs-stored': '0',
      release: 'v43',
      commit: scene.commit,
      url: expect.stringContaining('herokuapp.com'),
    })
    expect(JSON.parse(result.outputs.drained ?? '')).toMatchObject([{ dyno: 'clock.1', state: 'drained' }])
    expect(Number(result.outputs['quiet-seconds'])).toBeGreaterThan(0)
    expect(scene.pushed()).toBe(scene.commit)
    expect(old.lines.filter((line) => TICK.test(line))).toHaveLength(ticksWhenHeld)
    old.kill('SIGTERM')
    expect(await old.ended).toMatchObject({ signal: 'SIGTERM' })
    expect(old.lines.filter((line) => TICK.test(line))).toHaveLength(ticksWhenHeld)
    await neu.next(TICK)
    expect(result.summary).toMatch(/^## ✅ Deployed: shop/)
    expect(result.summary).toContain('```mermaid')
    scene.assertSecret(result)
    expect((await step.post()).log).toBe('')
  })

  describe('of a job that takes longer than the drain may', () => {
    async function deployOver(onDrainTimeout: string) {
      const scene = await openScene()
      scene.builds()
      scene.world.git.release()
      const old = await scene.clock('v42')
      await scene.startJob(old)
      const { done } = scene.step({
        'acknowledge-timeout': '2s',
        'drain-timeout': '2s',
        'on-drain-timeout': onDrainTimeout,
        'wait-for-clock': '0',
      })
      return { scene, old, result: await done }
    }

    it('aborts it, stores it and pushes under on-drain-timeout: force', async () => {
      const { scene, old, result } = await deployOver('force')
      await using _ = scene
      await old.saw(/^job 1 stored/)
      expect(result.outputs).toMatchObject({
        outcome: 'deployed',
        'jobs-stored': '1',
        'jobs-finished': '0',
      })
      expect(told(result, 'warning')).toMatch(/Telling the participants to abort what runs and store it/)
      expect(scene.pushed()).toBe(scene.commit)
    })

    it('pushes over it under on-drain-timeout: deploy, and says so', async () => {
      const { scene, result } = await deployOver('deploy')
      await using _ = scene
      expect(result.outputs.outcome).toBe('deployed')
      expect(told(result, 'warning')).toMatch(
        /clock\.1 \(1 job running, counting boxes\).*Deploying all the same/,
      )
      expect(result.summary).toMatch(/^## ⚠️ Deployed/)
      expect(scene.pushed()).toBe(scene.commit)
    })
  })

  it('asks nobody under skip-drain, and says so loudly', async () => {
    await using scene = await openScene()
    scene.builds()
    scene.world.git.release()
    const old = await scene.clock('v42')
    const result = await scene.step({ 'skip-drain': 'true' }).done
    expect(result.outputs).toMatchObject({ outcome: 'deployed', drained: '[]' })
    expect(told(result, 'warning')).toMatch(/skip-drain: true: deploying at once.*SIGKILL 30 s later/)
    expect(scene.pushed()).toBe(scene.commit)
    expect(old.lines).not.toContain('draining')
  })

  it('deploys an app without a clock under on-missing-clock: deploy', async () => {
    await using scene = await openScene()
    scene.builds()
    scene.world.git.release()
    const result = await scene.step({
      'on-missing-clock': 'deploy',
      'acknowledge-timeout': '1s',
      'wait-for-clock': '0',
    }).done
    expect(result.outputs.outcome).toBe('deployed')
    expect(told(result, 'warning')).toMatch(/on-missing-clock: deploy/)
  })
})

describe('a drain that fails leaves the clock scheduling and pushes nothing', { timeout: 60_000 }, () => {
  it('no clock', async () => {
    await using scene = await openScene()
    const result = await scene.step({ 'acknowledge-timeout': '1s' }).done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'missing-clock' } })
    expect(told(result, 'error')).toMatch(/No clock took part within 1 s.*\n.*on-missing-clock: deploy/)
    expect(scene.pushed()).not.toBe(scene.commit)
  })

  it('too few', async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    const result = await scene.step({ processes: 'clock=2', 'acknowledge-timeout': '1s' }).done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'missing-clock' } })
    expect(told(result, 'error')).toMatch(/1 of 2 clock participants took part/)
    await clock.next(TICK)
  })

  it('a clock that refuses', async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42', 'refuse')
    const result = await scene.step().done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'refused' } })
    expect(told(result, 'error')).toMatch(
      /clock\.1 refused to drain.*the warehouse is being counted.*\n.*heroku logs --dyno clock\.1/,
    )
    expect(scene.pushed()).not.toBe(scene.commit)
    await clock.next(TICK)
  })

  it('a clock that is too slow', async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    await scene.startJob(clock)
    const result = await scene.step({ 'acknowledge-timeout': '2s', 'drain-timeout': '2s' }).done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'drain-timeout' } })
    expect(told(result, 'error')).toMatch(
      /Not drained within 2 s: clock\.1 \(1 job running, counting boxes\).*\n.*Raise drain-timeout/,
    )
    expect(scene.pushed()).not.toBe(scene.commit)
    await clock.saw(/^\[deploy-gate\] resuming/)
    await scene.endJob()
    await clock.next(TICK)
    await clock.saw(/^job 1 finished/)
  })

  it('a clock that does not heed force', { timeout: 90_000 }, async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42', 'stubborn')
    await scene.startJob(clock)
    const result = await scene.step({
      'acknowledge-timeout': '1s',
      'drain-timeout': '1s',
      'on-drain-timeout': 'force',
    }).done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'drain-timeout' } })
    expect(told(result, 'error')).toMatch(/nor after they were told to abort.*\n.*does not heed its signal/)
    expect(scene.pushed()).not.toBe(scene.commit)
    await scene.endJob()
    await clock.next(TICK)
  })

  it('a clock that is killed while it drains', async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    await scene.startJob(clock)
    const step = scene.step({ 'acknowledge-timeout': '5s', 'drain-timeout': '20s' })
    await step.waitForLine(/^clock\.1 accepted/)
    clock.kill('SIGKILL')
    const result = await step.done
    expect(result.code).toBe(1)
    expect(result.outputs.outcome).toBe('drain-timeout')
    expect(told(result, 'error')).toMatch(/clock\.1 \(not heard of any more\)/)
    expect(scene.pushed()).not.toBe(scene.commit)
    await (await scene.clock('v42')).next(TICK)
  })
})

it('goes on when Redis is restarted while the clock drains', { timeout: 60_000 }, async () => {
  await using scene = await openScene()
  scene.builds()
  scene.world.git.release()
  const clock = await scene.clock('v42')
  await scene.startJob(clock)
  const step = scene.step({ 'wait-for-clock': '0' })
  await step.waitForLine(/^clock\.1 accepted/)
  await scene.redis.restart({ keepData: true })
  await scene.endJob()
  await clock.saw(/^job 1 finished/)
  const result = await step.done
  expect(result.outputs).toMatchObject({ outcome: 'deployed', 'jobs-finished': '1' })
  expect(scene.pushed()).toBe(scene.commit)
})

it('tells the second of two deploys who holds the gate, and leaves the first alone', {
  timeout: 60_000,
}, async () => {
  await using scene = await openScene()
  scene.builds()
  scene.world.git.release()
  const clock = await scene.clock('v42')
  await scene.startJob(clock)
  const first = scene.step({ 'wait-for-clock': '0' })
  await first.waitForLine(/^clock\.1 accepted/)
  scene.builds()
  const second = scene.step()
  const result = await second.done
  expect(result).toMatchObject({ code: 1, outputs: { outcome: 'busy' } })
  expect(told(result, 'error')).toMatch(
    /Another deploy holds the gate: octocat, octocat\/shop.*actions\/runs\/1234567890.*\n.*concurrency group/,
  )
  await second.post()
  await scene.endJob()
  expect((await first.done).outputs).toMatchObject({ outcome: 'deployed', 'jobs-finished': '1' })
})
