import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { processes } from '../heroku/support/processes.ts'
import { leaks } from '../support/runner/runner.ts'
import { told } from './support/scene.ts'
import { openShop, takenOver } from './support/shop.ts'

/** As a user's own program makes a release: with the token from its environment. */
const RELEASE = `#!/bin/sh
set -e
echo "key $HEROKU_API_KEY of $HEROKU_APP"
curl --silent --show-error --fail "$HEROKU_API_URL/apps/$HEROKU_APP/releases" \\
  -H "Authorization: Bearer $HEROKU_API_KEY" -H 'Accept: application/vnd.heroku+json; version=3' \\
  -d "{\\"slug\\": \\"$1\\", \\"description\\": \\"by hand\\"}" > answer.json
echo released
`

it('a program of arguments makes the release, while the clock is held', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const slug = shop.app.releases.current?.slug?.id ?? ''
  shop.change({ 'release.sh': RELEASE })
  await shop.startJob()
  const from = shop.heroku.log.events.length
  const command = JSON.stringify(['sh', 'release.sh', slug])
  await using deploy = shop.again({ strategy: 'command', command })
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await shop.endJob()
  const { outputs, code, log, raw, summary } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2', 'jobs-finished': '1' })
  expect(code).toBe(0)
  expect(log).toMatch(/^shop runs v1; sh decides what is released$/m)
  expect(log).toMatch(/^key \*\*\* of shop$/m)
  expect(log).toMatch(/^shop runs v2\.$/m)
  expect(leaks(raw, shop.heroku.apiKey)).toEqual([])
  expect(summary).not.toContain(shop.heroku.apiKey)
  await shop.works('v2')
  expect(shop.app.releases.current?.description).toBe('by hand')
  expect(shop.history(from)).toEqual(takenOver('v1', 'v2', { job: true }))
})

it("a script of the checkout gets the job's environment, without secrets of the action", {
  timeout: 60_000,
}, async () => {
  await using shop = await openShop()
  shop.change({ deploy: '#!/bin/sh\nenv > environment\npwd > folder\n' })
  chmodSync(join(shop.path, 'deploy'), 0o755)
  const from = shop.heroku.log.events.length
  await using deploy = shop.again({
    strategy: 'command',
    'command-file': 'deploy',
    'redis-url': shop.redis.url,
  })
  const { outputs, code, summary } = await deploy.done
  // It has made no release: nothing changed, and the clock goes on.
  expect([code, outputs.outcome, outputs.release]).toEqual([0, 'up-to-date', ''])
  expect(summary).toContain('made no release of shop')
  await shop.works('v1', shop.heroku.log.events.length)
  expect(shop.history(from)).toEqual(['v1 clock.1: draining', 'v1 clock.1: scheduling'])
  const read = (name: string) => readFileSync(join(shop.path, name), 'utf8')
  expect(read('folder').trim()).toBe(shop.path)
  const environment = read('environment').split('\n')
  expect(environment).toContain(`HEROKU_API_KEY=${shop.heroku.apiKey}`)
  expect(environment).toContain('HEROKU_APP=shop')
  expect(environment).toContain('GITHUB_ACTOR=octocat')
  expect(environment.filter((line) => /^(INPUT|STATE)_/.test(line))).toEqual([])
  expect(environment.filter((line) => line.includes(shop.redis.url))).toEqual([])
})

it('the clock goes on when the command fails', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const from = shop.heroku.log.events.length
  const command = JSON.stringify(['sh', '-c', 'echo the plan has changed >&2; exit 3'])
  await using deploy = shop.again({ strategy: 'command', command })
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'command-failed'])
  expect(result.log).toMatch(/^the plan has changed$/m)
  expect(told(result, 'error')).toMatch(
    /^The deploy command failed: sh ended with 3\. clock\.1 is back at work\.$/m,
  )
  expect(result.summary).toMatch(/^## ❌ The deploy command failed: shop$/m)
  await shop.works('v1', shop.heroku.log.events.length)
  expect(shop.history(from)).toEqual(['v1 clock.1: draining', 'v1 clock.1: scheduling'])
})

it.each([
  { given: { command: '["herokku", "container:release"]' }, why: 'there is no program herokku on the PATH' },
  { given: { 'command-file': 'script/release' }, why: 'there is no program ./script/release' },
  { given: { 'command-file': 'clock.js' }, why: './clock.js is not executable: chmod +x makes it so' },
])('nobody is asked for a command that can not run: $why', { timeout: 60_000 }, async ({ given, why }) => {
  await using shop = await openShop()
  const from = shop.heroku.log.events.length
  await using deploy = shop.again({ strategy: 'command', ...given })
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'preflight-failed'])
  expect(told(result, 'error')).toContain(`The deploy command can't be run: ${why}.`)
  expect(shop.history(from)).toEqual([])
})

it('a cancelled job ends the command with all that it started, and the clock goes on', {
  timeout: 60_000,
}, async () => {
  await using shop = await openShop()
  const from = shop.heroku.log.events.length
  const command = JSON.stringify(['sh', '-c', 'sleep 1000 & echo child $!; echo parent $$; wait'])
  await using deploy = shop.again({ strategy: 'command', command })
  const [, child] = await deploy.waitForLine(/^child (\d+)$/)
  const [, parent] = await deploy.waitForLine(/^parent (\d+)$/)
  await deploy.cancel()
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'cancelled'])
  expect(processes().filter(({ pid }) => [child, parent].includes(String(pid)))).toEqual([])
  expect(told(result, 'error')).toContain('The deploy command was ended here')
  await shop.works('v1', shop.heroku.log.events.length)
  expect(shop.history(from)).toEqual(['v1 clock.1: draining', 'v1 clock.1: scheduling'])
})
