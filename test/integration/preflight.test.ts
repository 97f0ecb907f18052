import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { refusalAnswer } from '../heroku/support/answers.ts'
import { leaks, type StepResult } from '../support/runner/runner.ts'
import { openScene, type Scene, told } from './support/scene.ts'

/** Runs the step beside a working clock, which must not notice. */
async function untouched(
  scene: Scene,
  inputs: Record<string, string>,
  over?: { workspace?: string },
): Promise<StepResult> {
  const clock = await scene.clock('v42')
  const before = scene.pushed()
  const result = await scene.step(inputs, over).done
  await clock.next(/^tick/)
  expect(clock.lines).not.toContain('draining')
  expect(scene.pushed()).toBe(before)
  scene.assertSecret(result)
  return result
}

describe('nobody is drained and nothing is pushed', { timeout: 60_000 }, () => {
  it('when the token is wrong', async () => {
    await using scene = await openScene()
    const refused = refusalAnswer(401, 'unauthorized', 'Invalid credentials provided.')
    for (const path of ['', '/releases', '/builds', '/config-vars'])
      scene.world.api.script(`/apps/shop${path}`, refused)
    const result = await untouched(scene, { 'heroku-api-key': 'HRKU-wr0ng' })
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
    expect(told(result, 'error')).toMatch(
      /does not accept the token in `heroku-api-key`.*\n.*heroku authorizations:create/,
    )
    expect(leaks(result.raw, 'HRKU-wr0ng')).toEqual([])
  })

  it('when the app is another', async () => {
    await using scene = await openScene()
    const result = await untouched(scene, { 'heroku-app': 'shpo' })
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
    expect(told(result, 'error')).toMatch(/no app of the name shpo.*\n.*spelling of `heroku-app`/)
  })

  it('when the clone is shallow and can not be completed', async () => {
    await using scene = await openScene()
    const shallow = scene.shallowClone()
    execFileSync('git', ['remote', 'remove', 'origin'], { cwd: shallow, env: scene.world.env })
    const result = await untouched(scene, {}, { workspace: shallow })
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
    expect(told(result, 'error')).toMatch(/shallow clone[\s\S]*fetch-depth: 0/)
  })

  it('when the app runs the commit already', async () => {
    await using scene = await openScene()
    scene.world.deployed(scene.commit)
    const result = await untouched(scene, {})
    expect(result).toMatchObject({ code: 0, outputs: { outcome: 'up-to-date', release: 'v42' } })
    expect(result.log).toMatch(/already runs .*nobody was asked to drain, nothing was pushed/)
  })

  it('when the push would not be a fast-forward', async () => {
    await using scene = await openScene()
    scene.world.deployed(scene.commit)
    scene.world.checkout.git('reset', '--quiet', '--hard', 'HEAD~1')
    scene.world.checkout.commit('three')
    const result = await untouched(scene, {})
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
    expect(told(result, 'error')).toMatch(/would drop commits.*\n.*`force-push: true`/)
  })

  it('when inputs are wrong, with all of them in one error', async () => {
    await using scene = await openScene()
    const result = await untouched(scene, {
      'drain-timeout': '5',
      branch: 'trunk',
      'redis-url': 'http://:pa55@x',
    })
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
    expect(result.annotations).toHaveLength(1)
    expect(told(result, 'error')).toMatch(/drain-timeout is "5"[\s\S]*branch is "trunk"/)
    expect(told(result, 'error')).toContain("redis-url can't be used")
    expect(result.summary + result.raw).not.toContain('pa55@')
    expect(result.summary).toMatch(/^## ❌ Not deployed, a check failed beforehand/)
    expect(scene.world.api.requests).toEqual([])
  })

  it('when the ref names no commit', async () => {
    await using scene = await openScene()
    const result = await untouched(scene, { ref: '--upload-pack=touch /tmp/x' })
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
    expect(told(result, 'error')).toContain('names no commit')
  })

  it('when the Redis of the config var refuses the password', async () => {
    await using scene = await openScene()
    const url = `redis://:wrong-pa55@127.0.0.1:${scene.redis.port}`
    scene.world.api.script('/apps/shop/config-vars', { body: { REDIS_URL: url } })
    const result = await untouched(scene, {})
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
    expect(told(result, 'error')).toMatch(/password/)
    expect(leaks(result.raw, 'wrong-pa55')).toEqual([])
  })
})

it('completes a shallow clone from where it came, and deploys', { timeout: 60_000 }, async () => {
  await using scene = await openScene()
  scene.builds()
  scene.world.git.release()
  await scene.clock('v42')
  const result = await scene.step({ 'wait-for-clock': '0' }, { workspace: scene.shallowClone() }).done
  expect(told(result, 'error')).toBe('')
  expect(result.outputs.outcome).toBe('deployed')
  expect(scene.pushed()).toBe(scene.commit)
})
