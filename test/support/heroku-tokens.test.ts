import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { noAccess } from './heroku/api/refusals.ts'
import { openScene, type Scene } from './heroku/scene.ts'
import type { Scope } from './heroku/tokens.ts'

/** A safety net only: everything waits for events. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene({ configVars: { COLOUR: 'blue' } })
  await scene.deploy({ Procfile: 'clock: sleep 60\n' })
})
afterEach(() => scene[Symbol.asyncDispose]())

/** What each kind of request needs, as far as the docs tell (https://devcenter.heroku.com/articles/oauth#scopes). */
async function asked(token: string): Promise<Record<string, number>> {
  const status = async (answer: Promise<{ status: number }>) => (await answer).status
  return {
    app: await status(scene.get('/apps/shop', token)),
    dynos: await status(scene.get('/apps/shop/dynos', token)),
    'config vars': await status(scene.get('/apps/shop/config-vars', token)),
    release: await status(scene.post('/apps/shop/releases', {}, token)),
    'one-off dyno': await status(scene.post('/apps/shop/dynos', {}, token)),
  }
}

describe('a token with a scope', () => {
  const LET_IN: Readonly<Record<Scope, readonly string[]>> = {
    identity: [],
    read: ['app', 'dynos'],
    'read-protected': ['app', 'dynos', 'config vars'],
    write: ['app', 'dynos', 'release'],
    'write-protected': ['app', 'dynos', 'config vars', 'release', 'one-off dyno'],
    global: ['app', 'dynos', 'config vars', 'release', 'one-off dyno'],
  }
  it.each(Object.keys(LET_IN) as Scope[])('%s may do what Heroku says', async (scope) => {
    const statuses = Object.entries(await asked(scene.heroku.createToken([scope])))
    const letIn = statuses.flatMap(([what, status]) => (status === 403 ? [] : [what]))
    expect(letIn).toEqual(LET_IN[scope])
  })

  it('may do what any of its scopes lets it', async () => {
    const token = scene.heroku.createToken(['read-protected', 'write'])
    expect(Object.entries(await asked(token)).filter(([, status]) => status === 403)).toEqual([
      ['one-off dyno', 403],
    ])
  })

  it('is refused in the words of Heroku', async () => {
    const token = scene.heroku.createToken(['read'])
    expect(await scene.get('/apps/shop/config-vars', token)).toEqual({
      status: 403,
      body: {
        id: 'forbidden',
        message: 'The scope of this OAuth authorization does not allow access to this resource.',
      },
    })
  })
})

it('has a refusal at hand for an app of somebody else', async () => {
  scene.app.nextApi({ ...noAccess('shop'), path: '/apps/shop' })
  expect(await scene.get('/apps/shop')).toEqual({
    status: 403,
    body: { id: 'forbidden', message: 'You do not have access to the app shop.' },
  })
})
