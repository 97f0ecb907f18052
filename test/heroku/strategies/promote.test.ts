import type * as Heroku from '@heroku-cli/schema'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HerokuPlan } from '../../../src/heroku/plan.ts'
import { preparePromotion } from '../../../src/heroku/strategies/promote.ts'
import type { Prepared } from '../../../src/heroku/target.ts'
import { DeployError } from '../../../src/outcome.ts'
import {
  appAnswer,
  couplingAnswer,
  formationAnswer,
  promotionTargetsAnswer,
  refusalAnswer,
  releasesAnswer,
  type ScriptedRelease,
  slugAnswer,
} from '../support/answers.ts'
import type { Answer } from '../support/api-server.ts'
import { openScriptedApp, type ScriptedApp } from '../support/scripted-app.ts'
import { rejection } from '../support/world.ts'

const COMMIT = '752f176e6c67becb8e554567bb513abd869039df'
const OLD: ScriptedRelease = { version: 42, current: true }
const STAGED: ScriptedRelease = { version: 12, current: true, slug: 'staged' }
/** A copy of the slug, under an id of its own. */
const OURS: ScriptedRelease = { version: 43, slug: 'copy', description: 'Promote staging v12 752f176e' }
const TARGETS = '/pipeline-promotions/p1/promotion-targets'

let app: ScriptedApp
beforeEach(async () => {
  app = await openScriptedApp()
  const { server } = app
  for (const name of ['shop', 'staging']) {
    server.script(`/apps/${name}`, { body: { ...appAnswer(name).body, id: `app-${name}` } })
    server.script(`/apps/${name}/pipeline-couplings`, couplingAnswer('pipe', 'staging'))
  }
  server.script('/apps/shop/formation', formationAnswer({ clock: 1 }))
  server.script('/apps/shop/dynos', { body: [] })
  server.script('/apps/shop/releases', releasesAnswer(OLD))
  server.script('/apps/staging/releases', releasesAnswer(STAGED))
  server.script('/apps/staging/slugs/staged', slugAnswer(COMMIT))
  server.script('/apps/shop/slugs/copy', slugAnswer(COMMIT))
  server.script('/apps/shop/slugs/slug-42', slugAnswer('0'.repeat(40)))
  server.script('/pipeline-promotions', { status: 201, body: { id: 'p1' } })
  server.script(TARGETS, promoted({ release: { id: 'release-43' } }))
})
afterEach(() => app[Symbol.asyncDispose]())

const promoted = (over: Partial<Heroku.PipelinePromotionTarget>): Answer =>
  promotionTargetsAnswer(
    { id: 't0', app: { id: 'app-elsewhere' }, status: 'failed' },
    { id: 't1', app: { id: 'app-shop' }, status: 'pending', ...over },
  )

function prepare(): Promise<Prepared> {
  const { server, api, around } = app
  const plan = { app: 'shop', apiKey: 'HRKU-5ecre7', apiUrl: server.url } as HerokuPlan
  return preparePromotion(plan, 'staging', api, around)
}
const run = async (target: Prepared) => {
  await target.publish(app.around.signal)
  return await target.verify(app.around.signal)
}
/** What shop has after the preflight, one a look. */
const thereafter = (...answers: readonly Answer[]) => app.server.script('/apps/shop/releases', ...answers)
const promotions = () => app.sent().filter(([path]) => path === '/pipeline-promotions')

describe('a promotion', () => {
  it('releases what the other app of the pipeline runs', async () => {
    const target = await prepare()
    expect(target).toMatchObject({
      what: 'v12 of staging is 752f176e',
      commit: COMMIT,
      upToDate: false,
      currentRelease: 'v42',
      appId: 'app-shop',
    })
    expect(app.sent()).toEqual([])
    app.server.script(
      TARGETS,
      promotionTargetsAnswer(),
      promoted({}),
      promoted({ release: { id: 'release-43' } }),
    )
    thereafter(
      releasesAnswer({ ...OURS, status: 'pending' }, OLD),
      releasesAnswer({ ...OURS, current: true }, { version: 42 }),
    )
    expect(await run(target)).toBe('v43')
    const body = {
      pipeline: { id: 'pipe' },
      source: { app: { id: 'app-staging' } },
      targets: [{ app: { id: 'app-shop' } }],
    }
    expect(app.sent()).toEqual([['/pipeline-promotions', body]])
    expect(app.around.lines).toEqual([
      'Promoting v12 of staging to shop',
      'Release v43 of v12 of staging: pending',
      'Release v43 of v12 of staging: succeeded',
    ])
  })

  it('has no commit where Heroku does not tell that of the slug, or the token may not see it', async () => {
    for (const answer of [slugAnswer(null), refusalAnswer(403, 'forbidden', 'No.')]) {
      app.server.script('/apps/staging/slugs/staged', answer)
      expect(await prepare()).toMatchObject({ what: 'v12 of staging', commit: '', upToDate: false })
    }
  })

  it.each<[string, ScriptedRelease]>([
    ['as a copy of the slug', { ...OLD, slug: 'copy' }],
    ['as the very slug', { ...OLD, slug: 'staged' }],
    ['as its description tells', { ...OLD, slug: null, description: 'Deploy 752f176e' }],
  ])('is of what the app runs already, %s', async (_name, current) => {
    thereafter(releasesAnswer(current))
    expect(await prepare()).toMatchObject({ upToDate: true })
  })

  it('whose slugs have no commit is of the same only if the slug is', async () => {
    app.server.script('/apps/staging/slugs/staged', slugAnswer(null))
    app.server.script('/apps/shop/slugs/copy', slugAnswer(null))
    thereafter(releasesAnswer({ ...OLD, slug: 'copy' }))
    expect(await prepare()).toMatchObject({ upToDate: false })
    thereafter(releasesAnswer({ ...OLD, slug: 'staged' }))
    expect(await prepare()).toMatchObject({ upToDate: true })
  })
})

describe('a promotion that can not be', () => {
  it.each<[string, string, Answer, RegExp, RegExp]>([
    [
      'its source is in no pipeline',
      '/apps/staging/pipeline-couplings',
      refusalAnswer(404, 'not_found', "Couldn't find that pipeline coupling."),
      /^staging is in no pipeline, and a promotion goes/,
      /pipelines:add <pipeline> --app staging`/,
    ],
    [
      'the app is in no pipeline',
      '/apps/shop/pipeline-couplings',
      refusalAnswer(404, 'not_found', "Couldn't find that pipeline coupling."),
      /^shop is in no pipeline/,
      /pipelines:add <pipeline> --app shop`/,
    ],
    [
      'they are in different ones',
      '/apps/staging/pipeline-couplings',
      couplingAnswer('another', 'staging'),
      /^staging and shop are in different pipelines/,
      /`promote-from`/,
    ],
    [
      'its source runs a container image',
      '/apps/staging/releases',
      releasesAnswer({ ...STAGED, slug: null }),
      /^staging, which `promote-from` names, runs v12, and that is no slug/,
      /Container images are promoted by `strategy: command`/,
    ],
    [
      'its source runs nothing',
      '/apps/staging/releases',
      releasesAnswer(),
      /runs no release that could be promoted\.$/,
      /^Deploy it first/,
    ],
    [
      'nobody knows its source: the input is named',
      '/apps/staging',
      refusalAnswer(404, 'not_found', "Couldn't find that app."),
      /^Heroku knows no app of the name staging, which `promote-from` names/,
      /spelling of `promote-from`.*heroku access:add <email> --app staging/,
    ],
  ])('because %s', async (_name, path, answer, message, next) => {
    app.server.script(path, answer)
    const error = await rejection(prepare())
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(message)
    expect(error.next).toMatch(next)
  })

  it('because neither is in a pipeline', async () => {
    const none = refusalAnswer(404, 'not_found', "Couldn't find that pipeline coupling.")
    for (const name of ['shop', 'staging']) app.server.script(`/apps/${name}/pipeline-couplings`, none)
    expect((await rejection(prepare())).message).toMatch(/^shop and staging are in no pipeline/)
  })
})

describe('a promotion that fails', () => {
  it('because the source has been deployed to meanwhile is not begun', async () => {
    const target = await prepare()
    app.server.script('/apps/staging/releases', releasesAnswer({ version: 13, slug: 'newer', current: true }))
    const error = await rejection(target.publish(app.around.signal))
    expect(error).toMatchObject({ outcome: 'promotion-failed' })
    expect(error.message).toBe(
      'staging ran v12 when this deploy began, and runs v13 by now: it was not promoted.',
    )
    expect(app.sent()).toEqual([])
  })

  it('is not one whose source has got other config vars meanwhile', async () => {
    const target = await prepare()
    app.server.script('/apps/staging/releases', releasesAnswer({ ...STAGED, version: 13 }))
    await target.publish(app.around.signal)
    expect(promotions()).toHaveLength(1)
  })

  it.each([
    [
      'with the reason',
      'Not allowed today.',
      'Heroku could not promote v12 of staging to shop: "Not allowed today."',
    ],
    ['without one', undefined, 'Heroku could not promote v12 of staging to shop.'],
  ])('says so %s', async (_name, reason, message) => {
    const target = await prepare()
    app.server.script(
      TARGETS,
      promoted({}),
      promoted({ status: 'failed', ...(reason && { error_message: reason }) }),
    )
    const error = await rejection(target.publish(app.around.signal))
    expect(error).toMatchObject({ outcome: 'promotion-failed', message })
    expect(error.next).toMatch(/^Nothing was released: what ran before still runs\./)
  })

  it('by a refusal says that, and is not tried again', async () => {
    const target = await prepare()
    app.server.script('/pipeline-promotions', refusalAnswer(422, 'invalid_params', 'Cannot promote.'))
    const error = await rejection(target.publish(app.around.signal))
    expect(error).toMatchObject({ outcome: 'promotion-failed', cause: { status: 422 } })
    expect(error.message).toContain('Cannot promote.')
    expect(promotions()).toHaveLength(1)
  })

  it('in its release phase is a failed release', async () => {
    const target = await prepare()
    thereafter(releasesAnswer({ ...OURS, status: 'failed' }, OLD))
    const error = await rejection(run(target))
    expect(error).toMatchObject({ outcome: 'release-failed' })
    expect(error.message).toBe(
      'The promotion of v12 of staging succeeded, but its release v43 failed. The release that was current before, v42, is still running.',
    )
  })
})

describe('a promotion of which Heroku does not tell', () => {
  const theirs: ScriptedRelease = { version: 43, slug: 'slug-42', description: 'Set A config vars' }

  it.each<[string, ScriptedRelease]>([
    ['its description', { ...OURS, version: 44, slug: null }],
    ['its commit', { ...OURS, version: 44, description: 'Whatever' }],
  ])('whether it began is found by %s, and made once', async (_name, ours) => {
    const target = await prepare()
    app.server.script('/pipeline-promotions', { instead: 'drop' })
    thereafter(
      releasesAnswer(theirs, OLD),
      releasesAnswer(ours, theirs, OLD),
      releasesAnswer({ ...ours, current: true }, theirs, { version: 42 }),
    )
    expect(await run(target)).toBe('v44')
    expect(promotions()).toHaveLength(1)
    expect(app.around.warnings).toEqual([expect.stringMatching(/not known\. Looking whether it is there$/)])
  })

  it('whether it began is a failed one when there is no sign of it', async () => {
    const target = await prepare()
    app.server.script('/pipeline-promotions', { instead: 'drop' })
    thereafter(releasesAnswer(theirs, OLD))
    const error = await rejection(target.publish(app.around.signal))
    expect(error).toMatchObject({ outcome: 'promotion-failed' })
    expect(error.message).toMatch(/whether it did what it was asked \(promote to shop\) is not known\.$/)
  })

  it.each<[string, Answer]>([
    ['because the API is away', { status: 503 }],
    ['because it has forgotten it', refusalAnswer(404, 'not_found', "Couldn't find that promotion.")],
    ['by naming no release', promoted({ status: 'succeeded' })],
  ])('what it made, %s, is found among the releases', async (_name, answer) => {
    const target = await prepare()
    app.server.script(TARGETS, answer)
    thereafter(releasesAnswer(theirs, OLD), releasesAnswer({ ...OURS, version: 44, current: true }, theirs))
    expect(await run(target)).toBe('v44')
  })
})

it.each([
  ['before it begins', '/apps/staging/releases', 2],
  ['while it begins', '/pipeline-promotions', 1],
  ['while it is followed', TARGETS, 1],
])('ends with the reason of its signal %s', async (_name, path, times) => {
  const target = await prepare()
  app.server.script(path, { instead: 'silence' })
  const ended = rejection(target.publish(app.around.signal))
  await app.server.asked(path, times)
  const reason = new DeployError('cancelled', 'The job was cancelled.', 'Run it again.')
  app.around.abort(reason)
  expect(await ended).toBe(reason)
})
