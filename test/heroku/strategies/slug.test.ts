import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPlatformApi } from '../../../src/heroku/platform-api.ts'
import { prepareSlug } from '../../../src/heroku/strategies/slug.ts'
import type { Prepared } from '../../../src/heroku/target.ts'
import { refusalAnswer, releaseAnswer, releasesAnswer, slugAnswer } from '../support/answers.ts'
import type { Answer } from '../support/api-server.ts'
import { type Surroundings, surroundings } from '../support/surroundings.ts'
import { createWorld, rejection, type World } from '../support/world.ts'

const OLD_COMMIT = '63e3eec1c67becb8e554567bb513abd8690aaaaa'
const SLUG = '01234567-89ab-cdef-0123-456789abcdef'

let world: World
let around: Surroundings
let commit: string
beforeEach(async () => {
  world = await createWorld()
  around = surroundings({ env: world.env })
  commit = world.checkout.commit('one')
  world.api.script(
    '/apps/shop/releases',
    releasesAnswer({ version: 42, current: true }, { version: 41, slug: 'built' }),
  )
  world.api.script('/apps/shop/slugs/slug-42', slugAnswer(OLD_COMMIT))
  world.api.script('/apps/shop/slugs/built', slugAnswer(commit))
  world.api.script(`/apps/shop/slugs/${SLUG}`, slugAnswer(OLD_COMMIT))
})
afterEach(() => world.end())

function prepare(slug: string): Promise<Prepared> {
  const plan = { ...world.plan, strategy: { kind: 'slug' as const, slug } }
  return prepareSlug(plan, slug, createPlatformApi(plan, around), around)
}

describe('a slug', { timeout: 20_000 }, () => {
  it('is the one that was built from ref, which is released without a push', async () => {
    const target = await prepare('')
    expect(target).toMatchObject({ what: `HEAD is ${commit.slice(0, 8)}`, commit, upToDate: false })
    world.api.script('POST /apps/shop/releases', releaseAnswer({ version: 43, slug: 'built' }, 201))
    await target.publish(around.signal)
    const [post] = world.api.requests.filter(({ method }) => method === 'POST')
    expect(JSON.parse(post?.body ?? '')).toEqual({
      slug: 'built',
      description: `Deploy ${commit.slice(0, 8)}`,
    })
    expect(world.git.requests).toEqual([])
  })

  it('that was built from ref may be what runs', async () => {
    world.api.script('/apps/shop/releases', releasesAnswer({ version: 42, current: true, slug: 'built' }))
    expect(await prepare('')).toMatchObject({ upToDate: true })
  })

  it('is that of a release, whatever became of it', async () => {
    world.api.script(
      '/apps/shop/releases/41',
      releaseAnswer({ version: 41, slug: 'built', status: 'failed' }),
    )
    const what = `the slug of v41 is ${commit.slice(0, 8)}`
    expect(await prepare('v41')).toMatchObject({ what, commit, upToDate: false })
  })

  it('of the release that runs is what runs', async () => {
    world.api.script('/apps/shop/releases/42', releaseAnswer({ version: 42, current: true }))
    expect(await prepare('v42')).toMatchObject({ upToDate: true, commit: OLD_COMMIT })
  })

  it('is one by its id', async () => {
    expect(await prepare(SLUG)).toMatchObject({ what: 'slug 01234567 is 63e3eec1', commit: OLD_COMMIT })
  })

  it('may be of a commit that Heroku does not tell', async () => {
    world.api.script(`/apps/shop/slugs/${SLUG}`, slugAnswer(null))
    const what = 'slug 01234567 is of a commit that Heroku does not tell'
    expect(await prepare(SLUG)).toMatchObject({ what, commit: '' })
  })
})

describe('no slug', { timeout: 20_000 }, () => {
  const missing = (what: string) => refusalAnswer(404, 'not_found', `Couldn't find that ${what}.`)

  it.each<[string, string, string, Answer, RegExp]>([
    ['release', 'v7', '/apps/shop/releases/7', missing('release'), /there is no such release\.$/],
    [
      'image',
      'v7',
      '/apps/shop/releases/7',
      releaseAnswer({ version: 7, slug: null }),
      /that release runs no slug \(a container image, or nothing yet\)\.$/,
    ],
    ['id', SLUG, `/apps/shop/slugs/${SLUG}`, missing('slug'), /Heroku has no such slug \(any more\)\.$/],
  ])('is given by that %s: the input is named', async (_name, wanted, path, answer, why) => {
    world.api.script(path, answer)
    const error = await rejection(prepare(wanted))
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toContain(`The input \`slug\` is ${wanted}`)
    expect(error.message).toMatch(why)
    expect(error.next).toContain('`heroku releases --app shop`')
  })

  it('is there of a release whose slug is gone', async () => {
    world.api.script('/apps/shop/releases/7', releaseAnswer({ version: 7, slug: 'gone' }))
    const error = await rejection(prepare('v7'))
    expect(error.message).toMatch(/^The input `slug` is v7.*no such slug \(any more\)\.$/)
  })

  it('was built from a commit that was never deployed', async () => {
    world.checkout.commit('two')
    const error = await rejection(prepare(''))
    expect(error.message).toMatch(/^shop has no slug of [0-9a-f]{8} that could be released/)
    expect(world.git.requests).toEqual([])
  })

  it('is found where the token may not look', async () => {
    world.api.script('/apps/shop/releases/7', refusalAnswer(403, 'forbidden', 'No.'))
    expect(await rejection(prepare('v7'))).toMatchObject({ outcome: 'preflight-failed', status: 403 })
  })
})
