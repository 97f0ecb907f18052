import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HerokuPlan } from '../../src/heroku/plan.ts'
import { buildAnswer, refusalAnswer, releasesAnswer, slugAnswer } from './support/answers.ts'
import { createRepository } from './support/repository.ts'
import { type Surroundings, scriptedTime, surroundings } from './support/surroundings.ts'
import { createWorld, rejection, type World } from './support/world.ts'

const RETRIES_MS = [600, 1_200, 2_400, 4_800]

let world: World
let around: Surroundings

beforeEach(async () => {
  world = await createWorld()
  const time = scriptedTime((ms) => RETRIES_MS.includes(ms))
  around = surroundings({ env: world.env, time, random: () => 0.2 })
})

afterEach(async () => {
  try {
    world.assertUntouched()
  } finally {
    await world.end()
  }
})

/** Has v42 run `commit`. */
function deployed(commit: string): string {
  world.deployed(commit)
  return commit
}

const refused = (plan: Partial<HerokuPlan> = {}) => rejection(world.preflight(around, plan))

describe('a deploy that can begin', { timeout: 20_000 }, () => {
  it('is known in full', async () => {
    const head = deployed(world.checkout.commit('one'))
    const commit = world.checkout.commit('two')
    world.api.script(
      '/apps/shop/releases',
      releasesAnswer({ version: 43, status: 'failed' }, { version: 42, current: true }),
    )
    world.api.script('/apps/shop/builds', buildAnswer('build-9', 'failed'))
    expect(await world.preflight(around)).toMatchObject({
      app: 'shop',
      webUrl: 'https://shop-1a2b3c4d5e6f.herokuapp.com/',
      branch: 'main',
      commit,
      head,
      upToDate: false,
      forcePush: false,
      currentRelease: 'v42',
      newestVersion: 43,
      newestBuild: { id: 'build-9' },
    })
    expect(around.lines).toEqual([])
  })

  it('may be the first of its app', async () => {
    const commit = world.checkout.commit('one')
    world.api.script('/apps/shop', { body: { id: 'app-shop', name: 'shop', web_url: null } })
    world.api.script('/apps/shop/releases', releasesAnswer())
    const target = await world.preflight(around)
    expect(target).toMatchObject({
      commit,
      webUrl: '',
      upToDate: false,
      newestVersion: 0,
      newestBuild: {},
    })
    expect(target).not.toHaveProperty('head')
    expect(target).not.toHaveProperty('currentRelease')
  })

  it('goes to the branch that was asked for', async () => {
    deployed(world.checkout.commit('one'))
    const target = await world.preflight(around, { branch: 'master' })
    expect(target).toMatchObject({ branch: 'master', upToDate: false })
    expect(target).not.toHaveProperty('head')
  })

  it('takes no other branch for it whose name ends alike', async () => {
    const head = deployed(world.checkout.commit('one'))
    const commit = world.checkout.commit('two')
    world.remote.git('fetch', '--quiet', world.checkout.path, `${commit}:refs/heads/a/refs/heads/main`)
    expect(await world.preflight(around)).toMatchObject({ head, upToDate: false })
  })

  it('does not hang on builds that cannot be read', async () => {
    world.checkout.commit('one')
    world.api.script('/apps/shop/builds', refusalAnswer(403, 'forbidden', 'No.'))
    expect(await world.preflight(around)).not.toHaveProperty('newestBuild')
  })
})

describe('the token and the app', { timeout: 20_000 }, () => {
  it('a wrong token is refused by git', async () => {
    world.checkout.commit('one')
    const error = await refused({ apiKey: 'HRKU-wr0ng' })
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(
      /^Heroku's git does not accept the token in `heroku-api-key` for shop\. Git says: "fatal: /,
    )
    expect(error.next).toMatch(/heroku authorizations:create.*heroku access:add <email> --app shop/)
    expect(error.message + error.next).not.toContain('wr0ng')
  })

  it('another app is named, with the input', async () => {
    world.checkout.commit('one')
    const error = await refused({ app: 'shpo' })
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/no app of the name shpo/)
    expect(error.next).toMatch(/Check the spelling of `heroku-app`/)
  })

  it('an app that only git does not know is told too', async () => {
    world.checkout.commit('one')
    for (const path of ['', '/releases', '/builds', '/formation', '/dynos']) {
      world.api.script(`/apps/shpo${path}`, path ? { body: [] } : { body: { id: 'app-shpo', name: 'shpo' } })
    }
    const error = await refused({ app: 'shpo' })
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/^Heroku's git knows no app of the name shpo .*\/shpo\.git/)
    expect(error.next).toMatch(/spelling of `heroku-app`/)
  })

  it('a git that cannot be reached is told', async () => {
    world.checkout.commit('one')
    const error = await refused({ gitUrl: 'http://127.0.0.1:1' })
    expect(error.message).toMatch(/^Heroku's git at http:\/\/127\.0\.0\.1:1\/shop\.git could not be reached/)
    expect(error.next).toMatch(/firewall.*status\.heroku\.com/)
  })

  it('a git that is silent is not waited for longer than a minute', async () => {
    const time = scriptedTime(() => false)
    around = surroundings({ env: world.env, time })
    world.checkout.commit('one')
    world.git.silence()
    const refusal = refused()
    await world.git.asked(/info\/refs/)
    time.elapse(60_000)
    const error = await refusal
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toBe(`${world.git.url}/shop.git gave no answer within 60 s.`)
  })
})

describe('what the API says', { timeout: 20_000 }, () => {
  it.each([
    [401, '', /does not accept the token in `heroku-api-key`/, /authorizations:create/],
    [403, '/releases', /may not read the releases of shop/, /access:add <email> --app shop/],
    [404, '', /no app of the name shop that this token can see/, /spelling of `heroku-app`/],
    [429, '/releases', /answers 429 to GET \/apps\/shop\/releases/, /4,500 calls an hour/],
    [500, '', /answered 500 to GET \/apps\/shop, also when asked again/, /status\.heroku\.com/],
    [503, '/releases', /answered 503 .*also when asked again/, /status\.heroku\.com/],
  ])('%i to /apps/shop%s ends the preflight', async (status, path, message, next) => {
    world.checkout.commit('one')
    world.api.script(`/apps/shop${path}`, refusalAnswer(status, 'id', 'It is so.'))
    const error = await refused()
    expect(error).toMatchObject({ outcome: 'preflight-failed', status })
    expect(error.message).toMatch(message)
    expect(error.next).toMatch(next)
  })

  it('may come after a fault that passes', async () => {
    world.checkout.commit('one')
    world.api.script('/apps/shop/releases', { status: 502 }, releasesAnswer({ version: 7, current: true }))
    expect((await world.preflight(around)).currentRelease).toBe('v7')
    expect(around.lines).toEqual([
      expect.stringContaining('answered 502 to GET /apps/shop/releases; trying again'),
    ])
  })
})

describe('a commit that Heroku has', { timeout: 20_000 }, () => {
  it('is up to date when the app runs it', async () => {
    const commit = deployed(world.checkout.commit('one'))
    expect(await world.preflight(around)).toMatchObject({
      commit,
      head: commit,
      upToDate: true,
      currentRelease: 'v42',
    })
  })

  it('is no success when its release failed', async () => {
    const old = world.checkout.commit('one')
    const commit = deployed(world.checkout.commit('two'))
    world.api.script(
      '/apps/shop/releases',
      releasesAnswer({ version: 43, status: 'failed' }, { version: 42, current: true }),
    )
    world.api.script('/apps/shop/slugs/slug-42', slugAnswer(old))
    world.api.script('/apps/shop/slugs/slug-43', slugAnswer(commit))
    const error = await refused()
    expect(error).toMatchObject({ outcome: 'release-failed' })
    expect(error.message).toMatch(/nothing to push.*its release v43 failed; v42 is still what runs\.$/)
    expect(error.next).toMatch(/releases:output v43 --app shop.*releases:retry --app shop/)
  })

  it('is no success when the app was rolled back', async () => {
    const old = world.checkout.commit('one')
    const commit = deployed(world.checkout.commit('two'))
    world.api.script(
      '/apps/shop/releases',
      releasesAnswer(
        { version: 44, current: true, slug: 'old', description: 'Rollback to v42' },
        { version: 43, slug: 'new' },
        { version: 42, slug: 'old' },
      ),
    )
    world.api.script('/apps/shop/slugs/old', slugAnswer(old))
    world.api.script('/apps/shop/slugs/new', slugAnswer(commit))
    const error = await refused()
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/v44 is still what runs, and it is another commit \(Rollback to v42\)\.$/)
    expect(error.next).toMatch(/rolled back.*heroku rollback <version> --app shop.*--allow-empty/)
  })
})

describe('a push that would drop commits', { timeout: 20_000 }, () => {
  /** Heroku has a commit that is not an ancestor of HEAD, though the checkout has it. */
  function diverge(): string {
    const { checkout } = world
    checkout.commit('one')
    const head = deployed(checkout.commit('two'))
    checkout.git('reset', '--quiet', '--hard', 'HEAD~1')
    checkout.commit('three')
    return head
  }

  /** Heroku has a commit that the checkout has never seen. */
  function stranger(): string {
    world.checkout.commit('one')
    const path = join(world.folder, 'elsewhere')
    mkdirSync(path)
    const head = createRepository(path, world.folder).commit('theirs')
    world.remote.git('fetch', '--quiet', path, 'main:main')
    return head
  }

  it.each([
    ['from a commit that has diverged', diverge, /which is not an ancestor of/],
    ['from a commit that this checkout does not have', stranger, /a commit that this checkout doesn't have/],
  ])('%s is refused, with what to do', async (_name, setUp, why) => {
    const head = setUp()
    const error = await refused()
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/would drop commits/)
    expect(error.message).toContain(`main of shop at Heroku is at ${head.slice(0, 8)}`)
    expect(error.message).toMatch(why)
    expect(error.next).toMatch(/`force-push: true`.*merge/)
    expect(error.next).toContain(`git fetch ${world.git.url}/shop.git main`)
    expect(around.warnings).toEqual([])
  })

  it.each([
    ['diverged', diverge],
    ['unknown', stranger],
  ])('goes on with force-push: true, and a warning (%s)', async (_name, setUp) => {
    const head = setUp()
    expect(await world.preflight(around, { forcePush: true })).toMatchObject({ head, forcePush: true })
    expect(around.warnings).toEqual([
      expect.stringMatching(
        new RegExp(`at ${head.slice(0, 8)}, .*will be replaced, as \`force-push: true\``),
      ),
    ])
  })

  it('is an older commit than what runs, too', async () => {
    const old = world.checkout.commit('one')
    deployed(world.checkout.commit('two'))
    const error = await refused({ ref: old })
    expect(error.message).toMatch(/would drop commits/)
    expect(error.next).toMatch(/older than what runs.*deploy the newest commit/)
  })

  it('is not asked of anybody who forces what is a fast-forward', async () => {
    deployed(world.checkout.commit('one'))
    world.checkout.commit('two')
    await world.preflight(around, { forcePush: true })
    expect(around.warnings).toEqual([])
  })
})

describe('a cancelled job', { timeout: 20_000 }, () => {
  it('ends the preflight with its reason', async () => {
    world.checkout.commit('one')
    world.git.silence()
    const refusal = refused()
    await world.git.asked(/info\/refs/)
    const reason = new Error('the job was cancelled')
    around.abort(reason)
    expect(await refusal).toBe(reason)
  })
})
