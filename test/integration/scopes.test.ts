import { expect, it } from 'vitest'
import type { Scope } from '../support/heroku/tokens.ts'
import { told } from './support/scene.ts'
import { openShop } from './support/shop.ts'

it.each<{ scopes: Scope[]; lacks: string }>([
  { scopes: ['identity'], lacks: 'read, write, read-protected, write-protected or global' },
  { scopes: ['read'], lacks: 'read-protected, write-protected or global' },
])(
  'a token of the scope $scopes is told what it lacks, and nobody is asked',
  { timeout: 60_000 },
  async ({ scopes, lacks }) => {
    await using shop = await openShop()
    const token = shop.heroku.createToken(scopes)
    const from = shop.heroku.log.events.length
    await using deploy = shop.step({ 'heroku-api-key': token })
    const result = await deploy.done
    expect([result.code, result.outputs.outcome]).toEqual([1, 'preflight-failed'])
    expect(told(result, 'error')).toContain(`It needs the scope ${lacks}`)
    expect(shop.history(from)).toEqual([])
  },
)

it('a token that may read alone is found out by the push, and the clock goes on', {
  timeout: 60_000,
}, async () => {
  await using shop = await openShop()
  const token = shop.heroku.createToken(['read-protected'])
  await using deploy = shop.step({ 'heroku-api-key': token })
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'push-failed'])
  expect(told(result, 'error')).toContain('may not use the git repository of shop')
  expect(told(result, 'error')).toContain('clock.1 is back at work.')
  await shop.works('v1', shop.heroku.log.events.length)
})

it('write-protected is all that a deploy needs', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const token = shop.heroku.createToken(['write-protected'])
  await using deploy = shop.step({ 'heroku-api-key': token, 'rollback-on-failure': 'true' })
  const { outputs, code } = await deploy.done
  expect([code, outputs.outcome]).toEqual([0, 'deployed'])
})
