import { expect, it } from 'vitest'
import { told } from './support/scene.ts'
import { openShop, takenOver } from './support/shop.ts'

const PROMOTE = { strategy: 'promote', 'promote-from': 'shop-staging' }

it('what staging runs is released, and the clock is drained just before', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const { commit } = await shop.staging()
  await shop.startJob()
  const from = shop.heroku.log.events.length
  await using deploy = shop.again(PROMOTE)
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await shop.endJob()
  const { outputs, code, log, summary } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2', commit, 'jobs-finished': '1' })
  expect(code).toBe(0)
  expect(log).toMatch(/^shop runs v1; v2 of shop-staging is [0-9a-f]{8}$/m)
  expect(log).toMatch(/^Promoting v2 of shop-staging to shop$/m)
  expect(log).toMatch(/^Release v2 of v2 of shop-staging: succeeded$/m)
  expect(log).toMatch(/^clock\.1 of the new release is scheduling$/m)
  expect(summary).toMatch(/^## ✅ Deployed: shop$/m)
  await shop.works('v2')
  expect(shop.history(from)).toEqual(takenOver('v1', 'v2', { job: true }))
})

it('the clock goes on when the release phase fails in the target', { timeout: 60_000 }, async () => {
  const phase =
    'if [ "$HEROKU_APP_NAME$HEROKU_RELEASE_VERSION" = shopv2 ]; then echo the table is locked; exit 1; fi'
  await using shop = await openShop({
    files: { Procfile: 'clock: node clock.js\nrelease: sh phase.sh\n', 'phase.sh': phase },
  })
  await shop.staging()
  const from = shop.heroku.log.events.length
  await using deploy = shop.again(PROMOTE)
  const result = await deploy.done
  expect([result.code, result.outputs.outcome, result.outputs.release]).toEqual([1, 'release-failed', ''])
  expect(result.log).toMatch(/^release: the table is locked$/m)
  expect(told(result, 'error')).toMatch(
    /^The promotion of v2 of shop-staging succeeded, but its release v2 failed\. The release that was current before, v1, is still running\. clock\.1 is back at work\.$/m,
  )
  expect(told(result, 'error')).toContain('heroku releases:output v2 --app shop')
  await shop.works('v1', shop.heroku.log.events.length)
  expect(shop.history(from)).toEqual([
    'v1 clock.1: draining',
    'v2 pending',
    'v2 failed',
    'v1 clock.1: scheduling',
  ])
})

it('the clock goes on when Heroku refuses the promotion', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  await shop.staging()
  const from = shop.heroku.log.events.length
  const body = { id: 'invalid_params', message: 'The stacks differ.' }
  shop.app.nextApi({ path: '/pipeline-promotions', method: 'POST', status: 422, body })
  await using deploy = shop.again(PROMOTE)
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'promotion-failed'])
  expect(told(result, 'error')).toContain('Heroku says: "The stacks differ."')
  await shop.works('v1', shop.heroku.log.events.length)
  expect(shop.history(from)).toEqual(['v1 clock.1: draining', 'v1 clock.1: scheduling'])
})

it('apps that are not in one pipeline are left in peace', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  await shop.sibling('shop-staging')
  const from = shop.heroku.log.events.length
  await using deploy = shop.again(PROMOTE)
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'preflight-failed'])
  expect(told(result, 'error')).toMatch(/^shop and shop-staging are in no pipeline/)
  expect(told(result, 'error')).toContain('heroku pipelines:add <pipeline> --app shop`')
  expect(shop.history(from)).toEqual([])
})

it('an app that runs nothing yet can not be promoted', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const staging = shop.heroku.createApp('shop-staging')
  shop.heroku.createPipeline('shop', { staging: [staging], production: [shop.app] })
  const from = shop.heroku.log.events.length
  await using deploy = shop.again(PROMOTE)
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'preflight-failed'])
  expect(told(result, 'error')).toMatch(/^shop-staging, which `promote-from` names, runs no release/)
  expect(shop.history(from)).toEqual([])
})

it('what was promoted before is not promoted again', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  await shop.staging()
  await using first = shop.again(PROMOTE)
  expect((await first.done).outputs.outcome).toBe('deployed')
  await shop.works('v2')
  const from = shop.heroku.log.events.length
  await using second = shop.again(PROMOTE)
  const { outputs, code } = await second.done
  expect([code, outputs.outcome, outputs.release]).toEqual([0, 'up-to-date', 'v2'])
  expect(shop.history(from)).toEqual([])
})

it('a job that is cancelled while the target is in its release phase gives the clock back', {
  timeout: 60_000,
}, async () => {
  await using shop = await openShop()
  await shop.staging()
  const from = shop.heroku.log.events.length
  shop.app.nextReleasePhase({ hold: true })
  await using deploy = shop.again(PROMOTE)
  await deploy.waitForLine(/^Release v2 of v2 of shop-staging: pending$/)
  await deploy.cancel()
  const result = await deploy.done
  expect([result.code, result.outputs.outcome, result.outputs.release]).toEqual([1, 'cancelled', ''])
  expect(told(result, 'error')).toContain(
    'The promotion went through; its release was not verified: `heroku releases --app shop` tells.',
  )
  await shop.works('v1', shop.heroku.log.events.length)
  expect(shop.history(from)).toEqual(['v1 clock.1: draining', 'v2 pending', 'v1 clock.1: scheduling'])
})
