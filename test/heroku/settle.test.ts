import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PushTarget } from '../../src/heroku/preflight.ts'
import { push } from '../../src/heroku/push.ts'
import { DeployError } from '../../src/outcome.ts'
import { buildAnswer, refusalAnswer, releasesAnswer, slugAnswer } from './support/answers.ts'
import { BUILD, createPushing, type Pushing } from './support/pushing.ts'
import { type Surroundings, scriptedTime, surroundings } from './support/surroundings.ts'
import { rejection, type World } from './support/world.ts'

const LOOK_AGAIN_MS = 5_000
let world: World
let around: Surroundings
let head: string
let commit: string
let prepared: Pushing['prepared']

beforeEach(async () => {
  ;({ world, around, head, commit, prepared } = await createPushing())
})
afterEach(() => world.end())

const headAtHeroku = () => world.remote.git('rev-parse', 'refs/heads/main')

describe('a connection that drops during the build', { timeout: 20_000 }, () => {
  /** Pushes, and breaks the connection as soon as the build's first line is there. */
  async function dropped(
    target: PushTarget,
    by: Surroundings,
    thereafter = () => {},
  ): Promise<{ pushing: Promise<boolean> }> {
    const pushing = push(target, by)
    pushing.catch(() => {})
    await by.logged(/^remote: -----> Node\.js app detected/)
    thereafter()
    world.git.drop()
    await by.logged(/^The push broke off \(.+\); asking Heroku what became of it$/)
    return { pushing }
  }

  /** Time in which settling takes none; git keeps the machine's, since its own limits must not be over at once. */
  const hurried = () => surroundings({ time: scriptedTime((ms) => ms === LOOK_AGAIN_MS), random: () => 0.2 })

  const asksOfGit = () =>
    world.git.requests.filter(({ path }) => path.endsWith('/info/refs?service=git-upload-pack')).length

  it('is no failure when the commit is there', async () => {
    const target = await world.preflight(around)
    world.git.hook('shop', 'post-receive', BUILD)
    const { pushing } = await dropped(target, around)
    await pushing
    expect(around.lines.at(-1)).toBe(`${commit.slice(0, 8)} has arrived at Heroku all the same`)
    expect(headAtHeroku()).toBe(commit)
  })

  it('is no failure when the build goes on and succeeds', async () => {
    const time = scriptedTime(() => false)
    around = surroundings({ env: world.env, time })
    const target = await prepared(BUILD)
    const { pushing } = await dropped(target, around, () =>
      world.api.script('/apps/shop/builds', buildAnswer('b1', 'pending', commit)),
    )
    await around.logged(/^Heroku is still building .*; waiting for it$/)
    await time.asleep(LOOK_AGAIN_MS)
    expect(headAtHeroku()).toBe(head)
    world.git.release()
    await world.git.idle()
    world.api.script('/apps/shop/builds', buildAnswer('b1', 'succeeded', commit))
    time.elapse(LOOK_AGAIN_MS)
    await pushing
    expect(around.lines.at(-1)).toMatch(/has arrived at Heroku all the same$/)
    expect(headAtHeroku()).toBe(commit)
  })

  it('is no failure when a release of it is there, whatever git says', async () => {
    const target = await prepared(BUILD)
    const { pushing } = await dropped(target, around, () => {
      world.api.script('/apps/shop/slugs/slug-43', slugAnswer(commit))
      world.api.script('/apps/shop/releases', releasesAnswer({ version: 43 }, { version: 42, current: true }))
    })
    await pushing
    expect(around.lines.at(-1)).toMatch(/has arrived at Heroku all the same$/)
  })

  it('is a failed build when the build fails', async () => {
    const target = await prepared(BUILD)
    const hurry = hurried()
    const { pushing } = await dropped(target, hurry, () =>
      world.api.script(
        '/apps/shop/builds',
        buildAnswer('b1', 'pending', commit),
        buildAnswer('b1', 'pending', commit),
        buildAnswer('b1', 'failed', commit),
      ),
    )
    const error = await rejection(pushing)
    expect(error).toMatchObject({ outcome: 'build-failed' })
    expect(error.message).toMatch(
      /connection to Heroku broke off during the push, and the build of .* failed/,
    )
    expect(error.next).toMatch(/Activity tab of shop.*still runs/)
    expect(hurry.lines.filter((line) => /still building/.test(line))).toHaveLength(1)
  })

  it("is not judged by somebody else's build, or by one from before", async () => {
    world.api.script('/apps/shop/builds', buildAnswer('b0', 'failed', commit))
    const target = await prepared(BUILD)
    const hurry = hurried()
    const { pushing } = await dropped(target, hurry, () =>
      world.api.script(
        '/apps/shop/builds',
        buildAnswer('b0', 'failed', commit),
        buildAnswer('b1', 'failed', 'f'.repeat(40)),
      ),
    )
    expect(await rejection(pushing)).toMatchObject({ outcome: 'push-failed' })
  })

  it('is a failed push when there is no sign of it for a minute', async () => {
    const target = await prepared(BUILD)
    const before = asksOfGit()
    const hurry = hurried()
    const { pushing } = await dropped(target, hurry)
    const error = await rejection(pushing)
    expect(error).toMatchObject({ outcome: 'push-failed' })
    expect(error.message).toMatch(
      /^The push to shop broke off \(git says: ".+"\), and Heroku shows no sign of .* after 1 min\.$/,
    )
    expect(error.next).toMatch(/heroku releases --app shop.*before you run the job again/)
    // Heroku counts git requests.
    expect(asksOfGit() - before).toBe(2)
  })

  it('is a failed push when a build that is pending never ends', async () => {
    const target = await prepared(BUILD)
    const hurry = hurried()
    const { pushing } = await dropped(target, hurry, () =>
      world.api.script('/apps/shop/builds', buildAnswer('b1', 'pending', commit)),
    )
    expect((await rejection(pushing)).message).toMatch(/no sign of .* after 20 min\.$/)
  })

  it('is a failed push when nobody tells what became of it', async () => {
    const target = await prepared(BUILD)
    const hurry = hurried()
    const refused = refusalAnswer(401, 'unauthorized', 'Invalid credentials provided.')
    const { pushing } = await dropped(target, hurry, () => world.api.script('/apps/shop/releases', refused))
    const error = await rejection(pushing)
    expect(error).toMatchObject({ outcome: 'push-failed', cause: { status: 401 } })
    expect(error.message).toMatch(/what became of it can't be found out: Heroku does not accept the token/)
  })

  it.each([
    ['first', 0],
    ['last', 12],
  ])('can be cancelled while Heroku is asked for the %s time, with the reason', async (_name, before) => {
    const target = await prepared(BUILD)
    const hurry = hurried()
    const none = Array.from({ length: before }, () => ({ body: [] }))
    const { pushing } = await dropped(target, hurry, () =>
      world.api.script('/apps/shop/builds', ...none, { instead: 'silence' }),
    )
    await world.api.asked('/apps/shop/builds', 1 + before + 1)
    const reason = new DeployError('cancelled', 'The job was cancelled.', 'Run it again.')
    hurry.abort(reason)
    expect(await rejection(pushing)).toBe(reason)
  })

  it('can be cancelled between two questions, with the reason', async () => {
    const time = scriptedTime(() => false)
    around = surroundings({ env: world.env, time })
    const target = await prepared(BUILD)
    const { pushing } = await dropped(target, around, () =>
      world.api.script('/apps/shop/builds', buildAnswer('b1', 'pending', commit)),
    )
    await around.logged(/still building/)
    await time.asleep(LOOK_AGAIN_MS)
    const reason = new DeployError('cancelled', 'The job was cancelled.', 'Run it again.')
    around.abort(reason)
    expect(await rejection(pushing)).toBe(reason)
  })
})
