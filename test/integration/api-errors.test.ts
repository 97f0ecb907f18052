import { expect, it } from 'vitest'
import { RATE_LIMIT } from '../support/heroku/api/refusals.ts'
import { told } from './support/scene.ts'
import { openShop } from './support/shop.ts'

const RELEASES = '/apps/shop/releases'
/** More than the tries of one call. */
const FOR_A_WHILE = { status: 503, times: 7 }

it.concurrent('too many calls while a release is followed are waited out as Heroku says', {
  timeout: 120_000,
}, async () => {
  await using shop = await openShop()
  shop.app.nextBuild({ hold: true })
  await using deploy = shop.step()
  await shop.heroku.log.waitFor(({ kind }) => kind === 'push-received')
  shop.app.nextApi({ path: RELEASES, ...RATE_LIMIT, headers: { 'Retry-After': '3' }, times: 2 })
  shop.app.releaseBuild()
  const { outputs, code, log } = await deploy.done
  expect([code, outputs.outcome, outputs.release]).toEqual([0, 'deployed', 'v2'])
  expect(log).toMatch(
    /^Heroku's API answered 429 to GET \/apps\/shop\/releases; trying again in 3 s \(2 of 5\)$/m,
  )
})

it.concurrent('an API that is unwell for a while fails no deploy', { timeout: 120_000 }, async () => {
  await using shop = await openShop()
  shop.app.nextBuild({ hold: true })
  await using deploy = shop.step()
  await shop.heroku.log.waitFor(({ kind }) => kind === 'push-received')
  shop.app.nextApi({ path: RELEASES, ...FOR_A_WHILE })
  shop.app.nextApi({ path: '/apps/shop/formation', ...FOR_A_WHILE })
  shop.app.releaseBuild()
  const result = await deploy.done
  expect([result.code, result.outputs.outcome, result.outputs.release]).toEqual([0, 'deployed', 'v2'])
  expect(told(result, 'warning')).toMatch(
    /answered 503 to GET \/apps\/shop\/releases.* The release is still waited for/,
  )
  expect(told(result, 'warning')).toMatch(
    /answered 503 to GET \/apps\/shop\/formation.* The dynos are still waited for/,
  )
})

it.concurrent('nor a promotion that is made, and can not be read for a while', {
  timeout: 120_000,
}, async () => {
  await using shop = await openShop()
  await shop.staging()
  shop.app.nextApi({ path: /^\/pipeline-promotions\/.*\/promotion-targets$/, ...FOR_A_WHILE })
  await using deploy = shop.again({ strategy: 'promote', 'promote-from': 'shop-staging' })
  const result = await deploy.done
  expect([result.code, result.outputs.outcome, result.outputs.release]).toEqual([0, 'deployed', 'v2'])
  expect(told(result, 'warning')).toMatch(/The promotion is under way, and its release is looked for/)
})

it.concurrent.each([
  {
    what: 'release',
    path: RELEASES,
    inputs: { strategy: 'slug', slug: 'v1', 'up-to-date': 'rerelease' },
    description: /^Deploy /,
  },
  {
    what: 'promotion',
    path: '/pipeline-promotions',
    inputs: { strategy: 'promote', 'promote-from': 'shop-staging' },
    description: /^Promote shop-staging v2 /,
  },
])(
  'a $what whose answer was lost is found, and not made again',
  { timeout: 120_000 },
  async ({ path, inputs, description }) => {
    await using shop = await openShop()
    await shop.staging()
    shop.app.nextApi({ path, method: 'POST', status: 502, done: true })
    await using deploy = shop.again(inputs)
    const result = await deploy.done
    expect([result.code, result.outputs.outcome, result.outputs.release]).toEqual([0, 'deployed', 'v2'])
    expect(told(result, 'warning')).toMatch(/Looking whether it is there/)
    expect(shop.app.releases.all.slice(1).map((one) => one.description)).toEqual([
      expect.stringMatching(description),
    ])
  },
)

it.concurrent('a token that is revoked while a release is followed', { timeout: 120_000 }, async () => {
  await using shop = await openShop()
  shop.app.nextBuild({ hold: true })
  await using deploy = shop.step()
  await shop.heroku.log.waitFor(({ kind }) => kind === 'push-received')
  shop.app.nextApi({ path: RELEASES, status: 401, times: 100 })
  shop.app.releaseBuild()
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'failed'])
  expect(told(result, 'error')).toMatch(
    /^The push of [0-9a-f]{8} went through, but whether shop runs it can't be found out: /,
  )
  expect(told(result, 'error')).toContain('the app may run the new release already')
})
