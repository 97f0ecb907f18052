import { afterEach, beforeEach, expect, it } from 'vitest'
import type { HerokuPlan } from '../../../src/heroku/plan.ts'
import { createPlatformApi } from '../../../src/heroku/platform-api.ts'
import { prepareGitPush } from '../../../src/heroku/strategies/git-push.ts'
import type { Prepared } from '../../../src/heroku/target.ts'
import { releaseAnswer, releasesAnswer, slugAnswer } from '../support/answers.ts'
import { createPushing, type Pushing } from '../support/pushing.ts'

const STREAM = '/streams/43'

let pushing: Pushing
beforeEach(async () => {
  pushing = await createPushing()
})
afterEach(() => pushing.world.end())

function prepare(over: Partial<HerokuPlan> = {}): Promise<Prepared> {
  const { world, around } = pushing
  const plan = { ...world.plan, ...over }
  return prepareGitPush(plan, createPlatformApi(plan, around), around)
}

/** Pushes, with Heroku's hook as `hook`, and resolves with what the release phase was said to print. */
async function phaseShown(hook: string): Promise<readonly string[]> {
  const { world, around, commit } = pushing
  const target = await prepare()
  world.git.hook('shop', 'post-receive', hook)
  const outputStreamUrl = world.api.url + STREAM
  world.api.script(STREAM, { raw: 'migrated\n' })
  world.api.script('/apps/shop/slugs/slug-43', slugAnswer(commit))
  world.api.script('/apps/shop/releases', releasesAnswer({ version: 43, current: true, outputStreamUrl }))
  await target.publish(around.signal)
  expect(await target.verify(around.signal)).toBe('v43')
  return around.lines.filter((line) => /migrated/.test(line))
}

it('shows a release phase as git does, and no second time', { timeout: 20_000 }, async () => {
  expect(await phaseShown('echo "Running release command..."; echo migrated')).toEqual([
    expect.stringMatching(/^remote: migrated/),
  ])
})

it('shows a release phase that git did not show', { timeout: 20_000 }, async () => {
  expect(await phaseShown('echo "Released v43"')).toEqual(['release: migrated'])
})

it('of a commit that Heroku has releases its slug again where the plan says so, without a push', {
  timeout: 20_000,
}, async () => {
  const { world, around, head } = pushing
  const target = await prepare({ ref: head, upToDate: 'rerelease' })
  expect(target).toMatchObject({ upToDate: true, commit: head })
  world.api.script('POST /apps/shop/releases', releaseAnswer({ version: 43, slug: 'slug-42' }, 201))
  world.api.script(
    'GET /apps/shop/releases',
    releasesAnswer({ version: 43, current: true, slug: 'slug-42' }, { version: 42 }),
  )
  await target.publish(around.signal)
  expect(await target.verify(around.signal)).toBe('v43')
  const [post] = world.api.requests.filter(({ method }) => method === 'POST')
  expect(JSON.parse(post?.body ?? '')).toMatchObject({ slug: 'slug-42' })
  expect(world.git.requests.filter(({ path }) => path.includes('receive-pack'))).toEqual([])
})
