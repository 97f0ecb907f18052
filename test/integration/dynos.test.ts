import { expect, it } from 'vitest'
import { told } from './support/scene.ts'
import { openShop } from './support/shop.ts'

const clockAnd = (web: string) => ({ Procfile: `clock: node clock.js\nweb: ${web}\n` })

it.concurrent('a web dyno that crashes is no success, however well the release went', {
  timeout: 120_000,
}, async () => {
  await using shop = await openShop({ files: clockAnd('sleep 1000'), formation: { web: 1 } })
  await using deploy = shop.step({}, clockAnd('sh -c "echo no such table; exit 1"'))
  const result = await deploy.done
  expect(result.outputs).toMatchObject({ outcome: 'dynos-not-up', release: 'v2', rollback: '' })
  expect(result.code).toBe(1)
  expect(told(result, 'error')).toMatch(/^v2 is released, but web\.1 crashes\.$/m)
  expect(told(result, 'error')).toContain('heroku logs --dyno web.1 --app shop')
  expect(told(result, 'error')).toContain('heroku rollback v1 --app shop')
  expect(result.summary).toMatch(/^## ❌ Released, but its dynos are not up: shop$/m)
  // It is released all the same: the old clock is gone, and the new one works.
  await shop.works('v2')
  expect(shop.app.releases.current?.version).toBe(2)
})

it.concurrent('a dyno that is starting for longer than is waited', { timeout: 120_000 }, async () => {
  await using shop = await openShop({ files: clockAnd('sleep 1000'), formation: { web: 1 } })
  shop.app.showDyno({ dyno: 'web.1', version: 2, state: 'starting' })
  await using deploy = shop.step({ 'wait-for-dynos': '3s' })
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'dynos-not-up'])
  expect(told(result, 'error')).toMatch(
    /^v2 is released, but 3 s later not all of its dynos are up: 0 of 1 web \(web\.1 is starting\)\.$/m,
  )
  expect(told(result, 'error')).toContain('raise wait-for-dynos')
})

it.concurrent('a dyno that starts in time is waited for', { timeout: 120_000 }, async () => {
  await using shop = await openShop({ files: clockAnd('sleep 1000'), formation: { web: 1 } })
  shop.app.showDyno({ dyno: 'web.1', version: 2, state: 'starting', reads: 2 })
  await using deploy = shop.step()
  const { outputs, code, log } = await deploy.done
  expect([code, outputs.outcome]).toEqual([0, 'deployed'])
  expect(log).toMatch(/^up on v2: clock\.1, web\.1$/m)
})

it.concurrent('whoever does not want to wait is not kept', { timeout: 120_000 }, async () => {
  await using shop = await openShop({ files: clockAnd('sleep 1000'), formation: { web: 1 } })
  shop.app.showDyno({ dyno: 'web.1', version: 2, state: 'starting' })
  await using deploy = shop.step({ 'wait-for-dynos': '0' })
  expect((await deploy.done).outputs.outcome).toBe('deployed')
})
