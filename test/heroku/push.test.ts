import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { push } from '../../src/heroku/push.ts'
import { groupOf, processes } from './support/processes.ts'
import { BUILD, createPushing, type Pushing } from './support/pushing.ts'
import { createRepository } from './support/repository.ts'
import { type Surroundings, scriptedTime, surroundings } from './support/surroundings.ts'
import { rejection, type World } from './support/world.ts'

let world: World
let around: Surroundings
let head: string
let commit: string
let prepared: Pushing['prepared']

beforeEach(async () => {
  ;({ world, around, head, commit, prepared } = await createPushing())
})
afterEach(() => world.end())

const headOf = (branch: string) => world.remote.git('rev-parse', `refs/heads/${branch}`)

/** Somebody else's push, of what `theirs` makes in a clone of what Heroku has. */
function somebodyPushes(branch = 'main'): string {
  const path = join(world.folder, 'elsewhere')
  mkdirSync(path)
  const elsewhere = createRepository(path, world.folder)
  elsewhere.git('pull', '--quiet', world.remote.path, 'main')
  const theirs = elsewhere.commit('theirs')
  world.remote.git('fetch', '--quiet', path, `main:${branch}`)
  return theirs
}

describe('a push', { timeout: 20_000 }, () => {
  it("shows Heroku's lines as they come", async () => {
    const target = await prepared(BUILD)
    let ended = false
    const pushing = push(target, around).finally(() => {
      ended = true
    })
    await around.logged(/^remote: -----> Node\.js app detected$/)
    expect(ended).toBe(false)
    expect(around.lines).not.toContainEqual(expect.stringContaining('Released'))
    world.git.release()
    await pushing
    expect(around.lines[0]).toBe(`Pushing ${commit.slice(0, 8)} to main of shop`)
    expect(around.lines).toContainEqual(expect.stringMatching(/^remote: +Released v43$/))
    expect(around.warnings).toEqual([])
    expect(headOf('main')).toBe(commit)
  })

  it('may be the first one to its branch', async () => {
    await push(await prepared('echo "-----> Building"', { branch: 'master' }), around)
    expect(headOf('master')).toBe(commit)
    expect(headOf('main')).toBe(head)
  })

  it('is of the commit that the preflight saw, wherever its branch is by now', async () => {
    const target = await prepared('echo "-----> Building"', { ref: 'main' })
    world.checkout.commit('three')
    await push(target, around)
    expect(headOf('main')).toBe(commit)
  })

  it('drops commits when it is forced to', async () => {
    world.deployed(commit)
    world.checkout.git('reset', '--quiet', '--hard', head)
    const other = world.checkout.commit('other')
    await push(await prepared('echo "-----> Building"', { forcePush: true }), around)
    expect(headOf('main')).toBe(other)
  })

  it('runs no hook of the checkout, and heeds no settings for other pushes', async () => {
    const { checkout } = world
    const ran = join(world.folder, 'ran')
    for (const folder of ['.git/hooks', 'hooks']) {
      mkdirSync(join(checkout.path, folder), { recursive: true })
      const hook = join(checkout.path, folder, 'pre-push')
      writeFileSync(hook, `#!/bin/sh\ntouch '${ran}'\nexit 1\n`)
      chmodSync(hook, 0o755)
    }
    checkout.git('config', 'core.hooksPath', 'hooks')
    checkout.git('config', 'push.followTags', 'true')
    checkout.git('config', 'push.gpgSign', 'true')
    checkout.git('config', 'push.pushOption', 'ci.skip')
    checkout.git('config', 'push.recurseSubmodules', 'only')
    checkout.git('tag', '-a', '-m', 'two', 'v2')
    await push(await prepared('echo "-----> Building"'), around)
    expect(headOf('main')).toBe(commit)
    expect(world.remote.git('tag')).toBe('')
    expect(existsSync(ran)).toBe(false)
  })
})

describe('a push that fails', { timeout: 20_000 }, () => {
  it('tells a failed build', async () => {
    const target = await prepared(
      'echo "-----> Node.js app detected"\necho " !     Push rejected, failed to compile Node.js app."\nexit 1',
    )
    const error = await rejection(push(target, around))
    expect(error).toMatchObject({ outcome: 'build-failed' })
    expect(error.message).toContain('Heroku says: "Push rejected, failed to compile Node.js app."')
    expect(around.lines).toContain('remote: -----> Node.js app detected')
    expect(headOf('main')).toBe(head)
  })

  it('tells what was refused before a build began', async () => {
    const target = await prepared(
      'echo " !     Your account has reached its concurrent builds limit"\nexit 1',
    )
    const error = await rejection(push(target, around))
    expect(error).toMatchObject({ outcome: 'push-failed' })
    expect(error.message).toMatch(/limit of concurrent builds/)
  })

  it('tells a token that was revoked in the meantime', async () => {
    const target = await prepared('exit 0')
    world.git.echo(401)
    const error = await rejection(push(target, around))
    expect(error).toMatchObject({ outcome: 'push-failed' })
    expect(error.message).toMatch(/does not accept the token.*Nothing was pushed/)
  })
})

describe('a push after too many requests', { timeout: 20_000 }, () => {
  const WAITS_MS = [11_000, 22_000]
  const pushes = () =>
    world.git.requests.filter(({ path }) => path.endsWith('/info/refs?service=git-receive-pack'))

  it.each([
    ['the request before it was', 'GET'],
    ['it was itself', 'POST'],
  ] as const)('is made again, twice at most, when %s one too many', async (_name, method) => {
    const time = scriptedTime((ms) => WAITS_MS.includes(ms))
    const by = surroundings({ env: world.env, time, random: () => 0.2 })
    const target = await prepared('echo "-----> Building"')
    world.git.throttle(2, method)
    await push(target, by)
    expect(headOf('main')).toBe(commit)
    expect(time.sleeps).toEqual(WAITS_MS)
    expect(by.lines.filter((line) => line.startsWith('Heroku has had'))).toEqual([
      'Heroku has had too many git requests for shop; pushing again in 11 s (2 of 3)',
      'Heroku has had too many git requests for shop; pushing again in 22 s (3 of 3)',
    ])
  })

  it('fails after three', async () => {
    const time = scriptedTime((ms) => WAITS_MS.includes(ms))
    const target = await prepared('exit 0')
    world.git.throttle(4)
    const error = await rejection(push(target, surroundings({ env: world.env, time, random: () => 0.2 })))
    expect(error).toMatchObject({ outcome: 'push-failed' })
    expect(error.message).toMatch(/too many git requests for shop\. Nothing was pushed/)
    expect(pushes()).toHaveLength(3)
    expect(headOf('main')).toBe(head)
  })

  it('is not made again when its build had begun, whatever the build says', async () => {
    const target = await prepared(
      'echo "-----> Node.js app detected"\necho "npm error 429 Too Many Requests"\nexit 1',
    )
    expect(await rejection(push(target, around))).toMatchObject({ outcome: 'build-failed' })
    expect(pushes()).toHaveLength(1)
  })

  it('can be cancelled while it waits, with the reason', async () => {
    const time = scriptedTime(() => false)
    const by = surroundings({ env: world.env, time, random: () => 0.2 })
    const target = await prepared('exit 0')
    world.git.throttle(1)
    const pushing = rejection(push(target, by))
    await time.asleep(11_000)
    const reason = new Error('the job was cancelled')
    by.abort(reason)
    expect(await pushing).toBe(reason)
    expect(pushes()).toHaveLength(1)
  })
})

describe('somebody has pushed in between', { timeout: 20_000 }, () => {
  it('what this checkout does not know: nothing of it is lost', async () => {
    const target = await world.preflight(around)
    const theirs = somebodyPushes()
    const error = await rejection(push(target, around))
    expect(error).toMatchObject({ outcome: 'push-failed' })
    expect(error.message).toMatch(/Somebody has pushed since this deploy looked/)
    expect(error.next).toMatch(/force-push: true.*`concurrency` group/)
    expect(headOf('main')).toBe(theirs)
  })

  it('what this checkout knows: nothing of it is lost', async () => {
    const target = await world.preflight(around)
    const theirs = somebodyPushes()
    world.checkout.git('fetch', '--quiet', world.remote.path, 'main')
    const error = await rejection(push(target, around))
    expect(error).toMatchObject({ outcome: 'push-failed' })
    expect(error.message).toMatch(/Somebody has pushed since this deploy looked/)
    expect(headOf('main')).toBe(theirs)
  })

  it.each([
    ['over a commit that was looked at', 'main'],
    ['as the first push to the branch', 'master'],
  ] as const)('and force-push replaces only what it has seen (%s)', async (_name, branch) => {
    const target = await world.preflight(around, { forcePush: true, branch })
    const theirs = somebodyPushes(branch)
    const error = await rejection(push(target, around))
    expect(error).toMatchObject({ outcome: 'push-failed' })
    expect(error.message).toMatch(/a forced push replaces only what it has seen/)
    expect(headOf(branch)).toBe(theirs)
  })

  it('the very same commit: that is a push too', async () => {
    const target = await world.preflight(around)
    world.remote.git('fetch', '--quiet', world.checkout.path, `${commit}:main`)
    await push(target, around)
    expect(around.warnings).toEqual([`Somebody else has pushed ${commit.slice(0, 8)} in the meantime`])
  })
})

describe('a cancelled push', { timeout: 20_000 }, () => {
  it('leaves no process of its group, and rejects with the reason', async () => {
    const target = await prepared(BUILD)
    const pushing = rejection(push(target, around))
    await around.logged(/Node\.js app detected/)
    const group = groupOf(world.git.url)
    // Git itself and those that do its work.
    expect(group.length).toBeGreaterThan(1)
    expect(group.map(({ group }) => group)).not.toContain(process.pid)
    const reason = new Error('the job was cancelled')
    around.abort(reason)
    expect(await pushing).toBe(reason)
    const leader = group[0]?.group
    expect(processes().filter((process) => process.group === leader)).toEqual([])
  })

  it('does not begin when it is cancelled before', async () => {
    const target = await world.preflight(around)
    const before = world.git.requests.length
    const reason = new Error('the job was cancelled')
    around.abort(reason)
    expect(await rejection(push(target, around))).toBe(reason)
    expect(world.git.requests).toHaveLength(before)
  })
})
