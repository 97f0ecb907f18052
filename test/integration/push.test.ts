import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { API_KEY } from '../heroku/support/world.ts'
import { openScene, told } from './support/scene.ts'

const TICK = /^tick/
const BUILDING = /Node\.js app detected/

describe('a push that fails gives the clock back', { timeout: 60_000 }, () => {
  it('when the build fails', async () => {
    await using scene = await openScene()
    scene.buildWith(
      'echo "-----> Node.js app detected"\necho " !     Push rejected, failed to compile Node.js app."\nexit 1',
    )
    const clock = await scene.clock('v42')
    const result = await scene.step().done
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'build-failed' } })
    expect(told(result, 'error')).toMatch(
      /The build of .* for shop failed.*failed to compile Node\.js app.*\n.*push a commit that mends it/,
    )
    await clock.saw(/^\[deploy-gate\] resuming/)
    await clock.next(TICK)
    scene.assertSecret(result)
  })

  it('when the release phase fails, although git ends with 0', async () => {
    await using scene = await openScene()
    scene.builds('failed')
    scene.world.git.release()
    const clock = await scene.clock('v42')
    const result = await scene.step().done
    expect(scene.pushed()).toBe(scene.commit)
    expect(result).toMatchObject({ code: 1, outputs: { outcome: 'release-failed' } })
    expect(told(result, 'error')).toMatch(
      /its release v43 failed.*v42, is still running.*\n.*heroku releases:output v43/,
    )
    await clock.saw(/^\[deploy-gate\] resuming/)
    await clock.next(TICK)
  })
})

describe('a cancelled job', { timeout: 60_000 }, () => {
  it('gives the clock back while it drains, and kills no job', async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    await scene.startJob(clock)
    const step = scene.step()
    await step.waitForLine(/^clock\.1 accepted/)
    await step.cancel()
    const result = await step.done
    expect(result).toMatchObject({ code: 1, signal: null, outputs: { outcome: 'cancelled' } })
    expect(told(result, 'error')).toMatch(
      /cancelled \(SIGINT\).*Nothing was pushed, and the clock goes on.*\n.*Run the workflow again/,
    )
    expect(result.summary).toMatch(/^## ⏹️ Cancelled: shop/)
    await clock.saw(/^\[deploy-gate\] resuming/)
    await scene.endJob()
    await clock.saw(/^job 1 finished/)
    await clock.next(TICK)
    expect(scene.pushed()).not.toBe(scene.commit)
    const post = await step.post()
    expect(post.code).toBe(0)
    expect(post.log).toContain('over already: nothing to do')
    scene.assertSecret(post)
  })

  it('gives the clock back while it pushes, and ends git', async () => {
    await using scene = await openScene()
    const clock = await scene.clock('v42')
    const step = scene.step()
    await step.waitForLine(BUILDING)
    expect(gitsOf(scene.world.git.url)).not.toEqual([])
    await step.cancel()
    const result = await step.done
    expect(result).toMatchObject({ code: 1, signal: null, outputs: { outcome: 'cancelled' } })
    expect(told(result, 'error')).toMatch(
      /Heroku may still build and release it: `heroku releases --app shop/,
    )
    expect(gitsOf(scene.world.git.url)).toEqual([])
    await clock.saw(/^\[deploy-gate\] resuming/)
    await clock.next(TICK)
  })
})

it('keeps the token out of every command line while it pushes', { timeout: 60_000 }, async () => {
  await using scene = await openScene()
  scene.builds()
  await scene.clock('v42')
  const step = scene.step({ 'wait-for-clock': '0' })
  await step.waitForLine(BUILDING)
  const all = commandLines()
  expect(all.some((line) => line.includes(scene.world.git.url))).toBe(true)
  const encoded = Buffer.from(`heroku:${API_KEY}`).toString('base64')
  for (const secret of [API_KEY, encoded, 'pa55word-of-the-gate']) {
    expect(all.filter((line) => line.includes(secret))).toEqual([])
  }
  scene.world.git.release()
  const result = await step.done
  expect(result.outputs.outcome).toBe('deployed')
  scene.assertSecret(result)
})

/** The command lines of all processes of this machine. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')]
      } catch {
        // It has ended meanwhile.
        return []
      }
    })
}

const gitsOf = (url: string) => commandLines().filter((line) => line.includes(url))
