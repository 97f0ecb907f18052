import { expect, it } from 'vitest'
import { told } from './support/scene.ts'
import { openShop } from './support/shop.ts'
import { openSite, type Reply } from './support/site.ts'

const OFTEN = { 'health-check-timeout': '3s', 'health-check-interval': '1s' }

it.concurrent('an app that is well at the third time of asking is deployed', {
  timeout: 60_000,
}, async () => {
  await using site = await openSite([503, 'booting'], [503, 'booting'], [200, 'ok'])
  await using shop = await openShop()
  await using deploy = shop.step({
    ...OFTEN,
    'health-check-timeout': '1m',
    'health-check-url': `${site.url}up?key=s3cret`,
  })
  const { outputs, code, log } = await deploy.done
  expect([code, outputs.outcome]).toEqual([0, 'deployed'])
  expect(site.asked).toEqual(['/up?key=s3cret', '/up?key=s3cret', '/up?key=s3cret'])
  expect(log).toContain(`${site.url}up answered 503 ("booting"); asking every 1 s`)
  expect(log).toContain(`${site.url}up answers well, at the 3rd time of asking`)
  expect(log).not.toContain('s3cret')
})

it.concurrent.each([
  {
    name: 'another status',
    replies: [[404, 'no such page']],
    inputs: {},
    why: 'answered 404 ("no such page")',
  },
  {
    name: 'the status alone, without the text',
    replies: [[200, 'Under maintenance']],
    inputs: { 'health-check-body': 'shop is open' },
    why: 'answered 200, without the text that health-check-body wants ("Under maintenance")',
  },
  { name: 'a redirect', replies: [[301, '']], inputs: {}, why: 'answered 301' },
  { name: 'nothing', replies: [], inputs: {}, why: 'gave no answer (none within ' },
] satisfies { name: string; replies: Reply[]; inputs: object; why: string }[])(
  '$name is not what was wanted',
  { timeout: 60_000 },
  async ({ replies, inputs, why }) => {
    await using site = await openSite(...replies)
    await using shop = await openShop()
    await using deploy = shop.step({ ...OFTEN, ...inputs, 'health-check-url': `${site.url}up` })
    const result = await deploy.done
    expect(result.outputs).toMatchObject({ outcome: 'health-check-failed', release: 'v2', rollback: '' })
    expect(result.code).toBe(1)
    expect(told(result, 'error')).toContain(
      `v2 is released, but ${site.url}up did not answer well within 3 s`,
    )
    // On a busy machine the last answer may be too late to be one.
    expect(result.log).toContain(why)
    expect(told(result, 'error')).toContain('heroku rollback v1 --app shop')
    expect(result.summary).toMatch(/^## ❌ Released, but the health check failed: shop$/m)
    await shop.works('v2')
  },
)

it.concurrent('nobody listens', { timeout: 60_000 }, async () => {
  const { url } = await openSite().then(async (site) => {
    await site[Symbol.asyncDispose]()
    return site
  })
  await using shop = await openShop()
  await using deploy = shop.step({ ...OFTEN, 'health-check-url': url })
  const result = await deploy.done
  expect(result.outputs.outcome).toBe('health-check-failed')
  expect(told(result, 'error')).toContain('gave no answer (connect ECONNREFUSED')
})

it.concurrent("a path is one of the app's own URL, and any status of 2xx can do", {
  timeout: 60_000,
}, async () => {
  await using site = await openSite([204, ''])
  await using shop = await openShop({ webUrl: site.url })
  await using deploy = shop.step({ ...OFTEN, 'health-check-url': '/healthz', 'health-check-status': '2xx' })
  const { outputs, log } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'deployed', url: site.url })
  expect(site.asked).toEqual(['/healthz'])
  expect(log).toContain(`${site.url}healthz answers well`)
})
