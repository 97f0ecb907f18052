import { expect, it } from 'vitest'
import { openHeroku } from '../../src/heroku/heroku.ts'
import { refusalAnswer, releasesAnswer, slugAnswer } from './support/answers.ts'
import { surroundings } from './support/surroundings.ts'
import { createWorld, rejection } from './support/world.ts'

it('takes one app from the preflight to the release, each call under its own signal', {
  timeout: 20_000,
}, async () => {
  const world = await createWorld()
  try {
    const commit = world.checkout.commit('one')
    const { signal: whole, ...around } = surroundings({ env: world.env })
    const heroku = openHeroku(world.plan, { ...around, signal: whole, mask: () => {} })
    const target = await heroku.preflight()
    expect(target.commit).toBe(commit)
    world.api.script('/apps/shop/config-vars', { body: { REDIS_URL: 'rediss://:pw@h:1' } })
    expect(await heroku.configVar('REDIS_URL')).toBe('rediss://:pw@h:1')

    const reason = new Error('out of time')
    for (const call of [target.publish, target.verify]) {
      expect(await rejection(call(AbortSignal.abort(reason)))).toBe(reason)
    }

    const { signal } = new AbortController()
    await target.publish(signal)
    expect(world.remote.git('rev-parse', 'refs/heads/main')).toBe(commit)
    world.api.script('/apps/shop/releases', releasesAnswer({ version: 43, current: true }, { version: 42 }))
    world.api.script('/apps/shop/slugs/slug-43', slugAnswer(commit))
    expect(await target.verify(signal)).toBe('v43')
  } finally {
    await world.end()
  }
})

it('takes back what it has released, and no release that somebody else has made since', {
  timeout: 20_000,
}, async () => {
  const world = await createWorld()
  try {
    const commit = world.checkout.commit('one')
    const around = surroundings({ env: world.env })
    const { signal } = around
    const target = await openHeroku(world.plan, { ...around, mask: () => {} }).preflight()
    await target.publish(signal)
    world.api.script('/apps/shop/slugs/slug-43', slugAnswer(commit))
    world.api.script('/apps/shop/releases', releasesAnswer({ version: 43, current: true }, { version: 42 }))
    expect(await target.verify(signal)).toBe('v43')
    const theirs = { version: 44, current: true, description: 'Deploy 1a2b3c4d' }
    world.api.script('/apps/shop/releases', releasesAnswer(theirs, { version: 43 }, { version: 42 }))
    expect(await rejection(target.rollBack(signal))).toMatchObject({ outcome: 'busy' })
  } finally {
    await world.end()
  }
})

it('tells what it warns of to whom it is told to', { timeout: 20_000 }, async () => {
  const world = await createWorld()
  try {
    world.checkout.commit('one')
    world.api.script('/apps/shop/dynos', refusalAnswer(403, 'forbidden', 'Not yours.'))
    const around = surroundings({ env: world.env })
    const heroku = openHeroku(world.plan, { ...around, mask: () => {} })
    const lines: string[] = []
    const told = { info: (line: string) => lines.push(line), warning: (line: string) => lines.push(line) }
    heroku.tellTo({ info: (line) => void told.info(line), warning: (line) => void told.warning(line) })
    await heroku.preflight()
    expect(lines.join()).toMatch(/may not read the dynos of shop/)
    expect(around.lines).toEqual([])
  } finally {
    await world.end()
  }
})
