import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { refusalAnswer } from '../heroku/support/answers.ts'
import { API_KEY } from '../heroku/support/world.ts'
import { joinByHand } from './support/participant.ts'
import { openScene, type Scene, told } from './support/scene.ts'
import { witness } from './support/witness.ts'

/** Every character of it is written otherwise somewhere: in a URL, in JSON, in markdown. */
const PASSWORD = 'p_4+5/5@w"0\'r&d-of.the*gate'
const BUILDING = /Node\.js app detected/

/** Has the app's Redis URL name a user with `PASSWORD`, and gives the secrets of a deploy in all their forms. */
async function secretsOf(scene: Scene, apiKey = API_KEY): Promise<{ url: string; secrets: string[] }> {
  await scene.inRedis.call('ACL', 'SETUSER', 'gate', 'on', `>${PASSWORD}`, '~*', '&*', '+@all')
  const written = encodeURIComponent(PASSWORD)
  const url = `redis://gate:${written}@127.0.0.1:${scene.redis.port}`
  scene.world.api.script('/apps/shop/config-vars', { body: { REDIS_URL: url } })
  const basic = Buffer.from(`heroku:${apiKey}`).toString('base64')
  return { url, secrets: [apiKey, basic, encodeURIComponent(apiKey), PASSWORD, written, url] }
}

describe.runIf(process.platform === 'linux')(
  'no secret is where it has no business',
  { timeout: 90_000 },
  () => {
    it('when all goes well, from a shallow clone', async () => {
      await using scene = await openScene()
      const { secrets } = await secretsOf(scene)
      scene.builds()
      await scene.clock('v42')
      const workspace = scene.shallowClone()
      using watching = witness(scene, secrets, workspace)
      const step = scene.step({ 'wait-for-clock': '0' }, { workspace, env: watching.env })
      watching.watch(step)
      await step.waitForLine(BUILDING)
      await expect.poll(() => [...watching.seen].join(), { timeout: 20_000 }).toMatch(/git-remote-http/)
      scene.world.git.release()
      const result = await step.done
      expect(result).toMatchObject({ code: 0, outputs: { outcome: 'deployed' } })
      watching.assertClean(result, await step.post())
    })

    it('when the build fails and prints them, and a participant says them', async () => {
      await using scene = await openScene()
      const { url, secrets } = await secretsOf(scene)
      const config = join(scene.world.folder, 'config-of-the-app')
      writeFileSync(config, `${url}\n${PASSWORD}\n`)
      scene.buildWith(
        [
          'echo "-----> Node.js app detected"',
          `echo " $HTTP_AUTHORIZATION"; cat '${config}'`,
          `echo " !     Push rejected, $HTTP_AUTHORIZATION $(cat '${config}' | tr '\\n' ' ')"`,
          'exit 1',
        ].join('\n'),
      )
      await using _ = joinByHand(scene, { note: `can't reach ${url} with ${PASSWORD}` })
      using watching = witness(scene, secrets)
      const step = scene.step({}, { env: watching.env })
      watching.watch(step)
      const result = await step.done
      expect(result).toMatchObject({ code: 1, outputs: { outcome: 'build-failed' } })
      expect(told(result, 'error')).toContain('Push rejected, Basic *** ***')
      expect(result.outputs.drained).toContain('reach *** with ***')
      expect(result.summary).toContain('reach &#42;&#42;&#42; with')
      watching.assertClean(result, await step.post())
    })

    it.each([
      ['the API and git', ['', '/releases', '/builds', '/config-vars']],
      ['git', []],
    ])('when the token is wrong for %s', async (_, paths) => {
      await using scene = await openScene()
      const wrong = 'HRKU-wr0ng_%2F-key'
      const { secrets } = await secretsOf(scene, wrong)
      const refused = refusalAnswer(401, 'unauthorized', `Bearer ${wrong} is not valid`)
      for (const path of paths) scene.world.api.script(`/apps/shop${path}`, refused)
      // The API may have refused it before git was asked.
      using watching = witness(scene, secrets, undefined, paths.length > 0)
      const step = scene.step({ 'heroku-api-key': wrong }, { env: watching.env })
      watching.watch(step)
      const result = await step.done
      expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
      watching.assertClean(result, await step.post())
    })

    it('when the job is cancelled during the push', async () => {
      await using scene = await openScene()
      const { secrets } = await secretsOf(scene)
      await scene.clock('v42')
      using watching = witness(scene, secrets)
      const step = scene.step({}, { env: watching.env })
      watching.watch(step)
      await step.waitForLine(BUILDING)
      await step.cancel()
      const result = await step.done
      expect(result).toMatchObject({ code: 1, outputs: { outcome: 'cancelled' } })
      watching.assertClean(result, await step.post())
    })

    it.each([
      ['is thrown where nobody catches it', 'throw fault'],
      ['is a rejection that nobody handles', 'Promise.reject(fault)'],
    ])('when an error %s, and holds them; the post step gives the clock back', async (_name, crash) => {
      await using scene = await openScene()
      const { url, secrets } = await secretsOf(scene)
      const clock = await scene.clock('v42')
      await scene.startJob(clock)
      using watching = witness(scene, secrets)
      const fault = join(scene.world.folder, 'witness', 'fault.mjs')
      const [key, redis] = [JSON.stringify(API_KEY), JSON.stringify(url)]
      writeFileSync(
        fault,
        `process.on('SIGUSR2', () => {
        const fault = Object.assign(new Error('no ' + ${key}), { command: { args: [${redis}, ${key}] } })
        ${crash}
      })`,
      )
      const step = scene.step({}, { env: { ...watching.env, NODE_OPTIONS: `--import=${fault}` } })
      watching.watch(step)
      await step.waitForLine(/^clock\.1 accepted/)
      process.kill(step.pid, 'SIGUSR2')
      const result = await step.done
      expect(result).toMatchObject({ code: 1, outputs: { outcome: 'failed' } })
      expect(told(result, 'error')).toMatch(/^Something unexpected went wrong: Error: no \*\*\*\n +at /)
      const post = await step.post()
      watching.assertClean(result, post)
      await clock.saw(/^\[deploy-gate\] resuming/)
      await scene.endJob()
    })
  },
)
