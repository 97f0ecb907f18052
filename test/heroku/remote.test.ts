import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createGit } from '../../src/heroku/git.ts'
import { type Branch, chooseBranch, noteOnBranch, remoteHeads } from '../../src/heroku/remote.ts'
import { type Surroundings, scriptedTime, surroundings } from './support/surroundings.ts'
import { createWorld, rejection, type World } from './support/world.ts'

/** 10, 20 and 40 s with their jitter. */
const WAITS_MS = [11_000, 22_000, 44_000]
let world: World
let around: Surroundings
let time: ReturnType<typeof scriptedTime>

beforeEach(async () => {
  world = await createWorld()
  time = scriptedTime((ms) => WAITS_MS.includes(ms))
  around = surroundings({ env: world.env, time, random: () => 0.2 })
})
afterEach(() => world.end())

async function heads(by = around): Promise<ReadonlyMap<Branch, string>> {
  return remoteHeads(await createGit(world.plan, by), 'shop', by)
}

describe('the branches at Heroku', { timeout: 20_000 }, () => {
  it('are asked for in one request, without those that no push was made to', async () => {
    const one = world.checkout.commit('one')
    expect(await heads()).toEqual(new Map())
    world.checkout.git('push', '--quiet', world.remote.path, 'HEAD:refs/heads/master')
    world.checkout.git('push', '--quiet', world.remote.path, 'HEAD:refs/heads/x/refs/heads/main')
    expect(await heads()).toEqual(new Map([['master', one]]))
    const two = world.checkout.commit('two')
    world.checkout.git('push', '--quiet', world.remote.path, 'HEAD:refs/heads/main')
    const before = world.git.requests.length
    expect(await heads()).toEqual(
      new Map([
        ['main', two],
        ['master', one],
      ]),
    )
    expect(world.git.requests.slice(before).filter(({ path }) => path.includes('info/refs'))).toHaveLength(1)
  })

  it('are asked for again after too many requests, with longer and longer waits', async () => {
    world.git.throttle(3)
    expect(await heads()).toEqual(new Map())
    expect(time.sleeps).toEqual(WAITS_MS)
    expect(around.lines).toEqual([
      'Heroku has had too many git requests for shop; asking again in 11 s (2 of 4)',
      'Heroku has had too many git requests for shop; asking again in 22 s (3 of 4)',
      'Heroku has had too many git requests for shop; asking again in 44 s (4 of 4)',
    ])
  })

  it('are given up after four', async () => {
    world.git.throttle(4)
    const error = await rejection(heads())
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/^Heroku has had too many git requests for shop\. Git says: ".*429"$/)
    expect(error.next).toMatch(/75 git requests an hour/)
    expect(time.sleeps).toEqual(WAITS_MS)
  })

  it('are not asked for again after another refusal', async () => {
    world.git.echo(403)
    expect((await rejection(heads())).message).toMatch(/may not use the git repository of shop/)
    expect(time.sleeps).toEqual([])
    expect(world.git.requests.filter(({ path }) => path.includes('info/refs'))).toHaveLength(1)
  })

  it('can be cancelled between two requests, with the reason', async () => {
    const still = scriptedTime(() => false)
    const by = surroundings({ env: world.env, time: still, random: () => 0.2 })
    world.git.throttle(1)
    const asking = rejection(heads(by))
    await still.asleep(11_000)
    const reason = new Error('cancelled')
    by.abort(reason)
    expect(await asking).toBe(reason)
  })
})

const [ONE, TWO] = ['1'.repeat(40), '2'.repeat(40)]
const MAIN = new Map<Branch, string>([['main', ONE]])
const MASTER = new Map<Branch, string>([['master', TWO]])
const BOTH = new Map([...MAIN, ...MASTER])
const NONE = new Map<Branch, string>()

it.each([
  ['auto', NONE, 'main', undefined],
  ['auto', MAIN, 'main', undefined],
  ['auto', MASTER, 'master', undefined],
  ['auto', BOTH, 'main', /^Heroku has both main and master of shop \(master at 22222222\): pushing to main/],
  ['main', NONE, 'main', undefined],
  ['main', BOTH, 'main', undefined],
  ['main', MASTER, 'main', /^Heroku has only master of shop \(at 22222222\): this is the first push to main/],
  [
    'master',
    MAIN,
    'master',
    /^Heroku has only main of shop \(at 11111111\): this is the first push to master/,
  ],
  ['master', BOTH, 'master', undefined],
] as const)('of %s, with %j there, the choice is %s', (wanted, heads, chosen, note) => {
  expect(chooseBranch(heads, wanted)).toBe(chosen)
  const said = noteOnBranch('shop', heads, wanted)
  if (note) expect(said).toMatch(note)
  else expect(said).toBeUndefined()
})
