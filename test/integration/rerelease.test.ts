import { expect, it } from 'vitest'
import { told } from './support/scene.ts'
import { openShop, takenOver } from './support/shop.ts'

it('a commit that runs already asks nobody for anything', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const commit = shop.change()
  await shop.app.deployFolder(shop.path, { commit })
  await shop.works('v2')
  const from = shop.heroku.log.events.length
  await using skipped = shop.again()
  const skip = await skipped.done
  expect([skip.code, skip.outputs.outcome, skip.outputs.release]).toEqual([0, 'up-to-date', 'v2'])
  expect(skip.summary).toMatch(/^## ✅ Up to date: shop$/m)

  await using refused = shop.again({ 'up-to-date': 'fail' })
  const fail = await refused.done
  expect([fail.code, fail.outputs.outcome]).toEqual([1, 'nothing-to-deploy'])
  expect(told(fail, 'error')).toMatch(/^shop already runs [0-9a-f]{8}\. Nobody was asked to drain/)
  expect(told(fail, 'error')).toContain('up-to-date: rerelease')
  expect(fail.summary).toMatch(/^## ❌ Not deployed, the app runs it already: shop$/m)
  expect(shop.history(from)).toEqual([])
})

it('the commit of a release that failed is released again, without a push', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  shop.app.nextReleasePhase({ fail: true })
  await using first = shop.step()
  const failed = await first.done
  expect([failed.code, failed.outputs.outcome]).toEqual([1, 'release-failed'])
  expect(told(failed, 'error')).toContain('`up-to-date: rerelease`')
  await shop.works('v1', shop.heroku.log.events.length)

  // Without that, the same job pushes nothing, and says so.
  await using repeated = shop.again()
  const again = await repeated.done
  expect([again.code, again.outputs.outcome]).toEqual([1, 'release-failed'])
  expect(told(again, 'error')).toMatch(/its release v2 failed; v1 is still what runs/)

  const from = shop.heroku.log.events.length
  await using deploy = shop.again({ 'up-to-date': 'rerelease' })
  const { outputs, code, log } = await deploy.done
  expect([code, outputs.outcome, outputs.release]).toEqual([0, 'deployed', 'v3'])
  expect(log).toContain('##[group]Release of a slug of shop')
  expect(log).not.toContain('##[group]Push to shop')
  await shop.works('v3')
  expect(shop.history(from)).toEqual(takenOver('v1', 'v3'))
})

it('what runs well is started anew, under the gate', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const commit = shop.change()
  await shop.app.deployFolder(shop.path, { commit })
  await shop.works('v2')
  await shop.startJob('v2')
  const from = shop.heroku.log.events.length
  await using deploy = shop.again({ 'up-to-date': 'rerelease' })
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await shop.endJob()
  const { outputs, code } = await deploy.done
  expect([code, outputs.outcome, outputs.release, outputs.commit]).toEqual([0, 'deployed', 'v3', commit])
  await shop.works('v3')
  expect(shop.history(from)).toEqual(takenOver('v2', 'v3', { job: true }))
})

it('the commit of a release that was rolled back is released again', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const commit = shop.change()
  await shop.app.deployFolder(shop.path, { commit })
  const first = shop.app.releases.all[0]?.slug
  if (!first) throw new Error('v1 has no slug.')
  shop.app.releaser.release('Rollback to v1', first)
  await shop.works('v3')

  await using repeated = shop.again()
  const again = await repeated.done
  expect([again.code, again.outputs.outcome]).toEqual([1, 'preflight-failed'])
  expect(told(again, 'error')).toMatch(
    /v3 is still what runs, and it is another commit[\s\S]*`up-to-date: rerelease`/,
  )

  await using deploy = shop.again({ 'up-to-date': 'rerelease' })
  const { outputs, code } = await deploy.done
  expect([code, outputs.outcome, outputs.release, outputs.commit]).toEqual([0, 'deployed', 'v4', commit])
  await shop.works('v4')
})
