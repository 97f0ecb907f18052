import { expect, it } from 'vitest'
import { told } from './support/scene.ts'
import { openShop, type Shop, takenOver } from './support/shop.ts'

/** Has v2 run, of another commit. */
async function deploySecond(shop: Shop): Promise<string> {
  const commit = shop.change()
  await shop.app.deployFolder(shop.path, { commit })
  await shop.works('v2')
  return commit
}

it('the slug of a release that is over is released again, without a build', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const commit = shop.app.head
  await deploySecond(shop)
  await shop.startJob('v2')
  const from = shop.heroku.log.events.length
  await using deploy = shop.again({ strategy: 'slug', slug: 'v1' })
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await shop.endJob()
  const { outputs, code, log, summary } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v3', commit, 'jobs-finished': '1' })
  expect(code).toBe(0)
  expect(log).toMatch(/^shop runs v2; the slug of v1 is [0-9a-f]{8}$/m)
  expect(log).toMatch(/^v3 of shop is made: Deploy [0-9a-f]{8}$/m)
  expect(summary).toMatch(/^\| Release \|.*\n.*\n\| v3 \|/m)
  await shop.works('v3')
  expect(shop.history(from)).toEqual(takenOver('v2', 'v3', { job: true }))
})

it('a slug that was built and never released is released by its id', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const commit = shop.change()
  const slug = await built(shop, commit)
  const from = shop.heroku.log.events.length
  await using deploy = shop.again({ strategy: 'slug', slug })
  const { outputs, log } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2', commit })
  expect(log).toContain(`slug ${slug.slice(0, 8)} is ${commit.slice(0, 8)}`)
  await shop.works('v2')
  expect(shop.history(from)[0]).toBe('v1 clock.1: draining')
  expect(shop.app.releases.current?.slug?.id).toBe(slug)
})

it('without a name it is the slug of the commit', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const commit = shop.change()
  const slug = await built(shop, commit)
  await using deploy = shop.again({ strategy: 'slug' })
  const { outputs } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2', commit })
  expect(shop.app.releases.current?.slug?.id).toBe(slug)
  await shop.works('v2')

  const never = shop.change()
  const from = shop.heroku.log.events.length
  await using other = shop.again({ strategy: 'slug' })
  const result = await other.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'preflight-failed'])
  expect(told(result, 'error')).toContain(`shop has no slug of ${never.slice(0, 8)} that could be released`)
  expect(shop.history(from)).toEqual([])
})

it.each([
  { slug: 'v9', why: 'there is no such release' },
  { slug: '01234567-89ab-cdef-0123-456789abcdef', why: 'Heroku has no such slug (any more)' },
])('$slug is no slug of the app, so nobody is asked', { timeout: 60_000 }, async ({ slug, why }) => {
  await using shop = await openShop()
  const from = shop.heroku.log.events.length
  await using deploy = shop.again({ strategy: 'slug', slug })
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'preflight-failed'])
  expect(told(result, 'error')).toContain(
    `The input \`slug\` is ${slug}, and nothing can be released by that: ${why}.`,
  )
  expect(told(result, 'error')).toContain('`heroku releases --app shop` lists the releases of shop.')
  expect(shop.history(from)).toEqual([])
})

it('a slug that went between the checks and the release leaves the clock at work', {
  timeout: 60_000,
}, async () => {
  await using shop = await openShop()
  await deploySecond(shop)
  const from = shop.heroku.log.events.length
  const body = { id: 'not_found', resource: 'slug', message: "Couldn't find that slug." }
  shop.app.nextApi({ path: '/apps/shop/releases', method: 'POST', status: 404, body })
  await using deploy = shop.again({ strategy: 'slug', slug: 'v1' })
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'push-failed'])
  await shop.works('v2', shop.heroku.log.events.length)
  expect(shop.history(from)).toEqual(['v2 clock.1: draining', 'v2 clock.1: scheduling'])
})

/** Builds a commit that is not at Heroku yet, and releases nothing. @returns the slug's id */
async function built(shop: Shop, commit: string): Promise<string> {
  const { slug } = await shop.app.builds.run(
    commit,
    { GIT_ALTERNATE_OBJECT_DIRECTORIES: `${shop.path}/.git/objects` },
    () => {},
  )
  if (!slug) throw new Error(`${commit} was not built.`)
  return slug.id
}
