import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HerokuPlan } from '../../src/heroku/plan.ts'
import { type Surroundings, surroundings } from './support/surroundings.ts'
import { createWorld, rejection, type World } from './support/world.ts'

let world: World
let around: Surroundings

beforeEach(async () => {
  world = await createWorld()
  around = surroundings({ env: world.env })
})

afterEach(async () => {
  try {
    world.assertUntouched()
  } finally {
    await world.end()
  }
})

const refused = (plan: Partial<HerokuPlan> = {}) => rejection(world.preflight(around, plan))

describe('the commit to deploy', { timeout: 20_000 }, () => {
  it.each([
    ['a branch', 'topic'],
    ['an annotated tag', 'v1.0'],
    ['a shortened commit', undefined],
  ])('can be named by %s', async (_name, ref) => {
    const { checkout } = world
    const commit = checkout.commit('one')
    checkout.git('branch', 'topic')
    checkout.git('tag', '-a', '-m', 'one', 'v1.0')
    checkout.commit('two')
    expect((await world.preflight(around, { ref: ref ?? commit.slice(0, 9) })).commit).toBe(commit)
  })

  it('can be named by a branch that looks like an option', async () => {
    const commit = world.checkout.commit('one')
    world.checkout.git('update-ref', 'refs/heads/--all', commit)
    world.checkout.commit('two')
    expect((await world.preflight(around, { ref: '--all' })).commit).toBe(commit)
  })
})

describe('the checkout', { timeout: 20_000 }, () => {
  it.each([['nowhere'], ['--upload-pack=touch pwned'], ['-'], [''], ['HEAD~9'], ['HEAD^{tree}']])(
    'has no commit of the name %j',
    async (ref) => {
      world.checkout.commit('one')
      const error = await refused({ ref })
      expect(error).toMatchObject({ outcome: 'preflight-failed' })
      expect(error.message).toContain(`The input \`ref\` is ${JSON.stringify(ref)}, and that names no commit`)
      expect(error.next).toMatch(/origin\/<branch>[\s\S]*fetch-depth: 0/)
    },
  )

  it('does not exist', async () => {
    const error = await refused({ directory: join(world.folder, 'nothing') })
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/The folder to deploy from, .*nothing, does not exist\./)
    expect(error.next).toContain('actions/checkout')
  })

  it('is not a repository', async () => {
    const directory = join(world.folder, 'plain')
    mkdirSync(directory)
    const error = await refused({ directory })
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/plain is not in a git repository\./)
    expect(error.next).toContain('actions/checkout')
  })
})

describe('the git of the runner', { timeout: 20_000 }, () => {
  /** Puts a shell script in front of git. */
  function instead(script: string): void {
    const folder = join(world.folder, 'bin')
    mkdirSync(folder)
    const git = execFileSync('sh', ['-c', 'command -v git'], { env: world.env, encoding: 'utf8' }).trim()
    writeFileSync(join(folder, 'git'), `#!/bin/sh\n${script}\nexec ${git} "$@"\n`, { mode: 0o755 })
    around = surroundings({ env: { ...world.env, PATH: `${folder}:${world.env.PATH}` } })
  }

  it('is missing', async () => {
    around = surroundings({ env: { ...world.env, PATH: world.folder } })
    const error = await refused()
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/no git on the PATH/)
    expect(error.next).toMatch(/Install git 2\.31 or newer/)
  })

  it.each(['1.9.5', '2.30.9'])('is too old (%s)', async (version) => {
    world.checkout.commit('one')
    instead(`[ "$1" = --version ] && echo "git version ${version}" && exit`)
    const error = await refused()
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toBe(`This runner's git is too old: git version ${version}.`)
    expect(error.next).toMatch(/Install git 2\.31 or newer/)
  })

  it.each(['2.31.0', '3.0.0 (Apple Git-1)'])('is new enough (%s)', async (version) => {
    const commit = world.checkout.commit('one')
    instead(`[ "$1" = --version ] && echo "git version ${version}" && exit`)
    expect((await world.preflight(around)).commit).toBe(commit)
  })

  it("does not trust somebody else's folder", async () => {
    world.checkout.commit('one')
    instead('export GIT_TEST_ASSUME_DIFFERENT_OWNER=1')
    const error = await refused()
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/belongs to another user than the one who runs this step/)
    expect(error.next).toContain('git config --global --add safe.directory')
  })

  it('cannot read the repository', async () => {
    world.checkout.commit('one')
    world.checkout.git('config', 'core.repositoryFormatVersion', '99')
    const error = await refused()
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/^Git can't read the repository in .*99/)
  })
})

describe('a shallow clone', { timeout: 20_000 }, () => {
  function clone(): string {
    const directory = join(world.folder, 'shallow')
    const from = `file://${world.checkout.path}`
    execFileSync('git', ['clone', '--quiet', '--depth=1', from, directory], { env: world.env })
    return directory
  }

  const git = (directory: string, ...args: string[]) =>
    execFileSync('git', args, { cwd: directory, env: world.env, encoding: 'utf8' }).trim()

  it('is completed from its origin', async () => {
    const head = world.checkout.commit('one')
    world.deployed(head)
    world.checkout.commit('two')
    const commit = world.checkout.commit('three')
    const directory = clone()
    expect(await world.preflight(around, { directory })).toMatchObject({ commit, head, upToDate: false })
    expect(git(directory, 'rev-parse', '--is-shallow-repository')).toBe('false')
    expect(git(directory, 'rev-list', '--count', 'HEAD')).toBe('3')
    expect(around.lines).toEqual([
      'The checkout is a shallow clone; fetching the rest of its history from origin',
    ])
  })

  it('does not show its origin the token', async () => {
    world.checkout.commit('one')
    world.checkout.commit('two')
    const directory = clone()
    git(directory, 'remote', 'set-url', 'origin', `${world.git.url}/origin.git`)
    await refused({ directory })
    const asked = world.git.requests.filter(({ path }) => path.startsWith('/origin.git/'))
    expect(asked).not.toEqual([])
    expect(asked.flatMap(({ authorizations }) => authorizations)).toEqual([])
  })

  it.each([
    ['there is no remote', ['remote', 'remove', 'origin'], /it has no remote to fetch the rest from/],
    [
      'its origin is gone',
      ['remote', 'set-url', 'origin', '/nowhere/origin.git'],
      /history could not be completed: .+/,
    ],
  ])('that cannot be completed, since %s, wants fetch-depth: 0', async (_name, spoil, message) => {
    world.checkout.commit('one')
    world.checkout.commit('two')
    const directory = clone()
    git(directory, ...spoil)
    const error = await refused({ directory })
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(/^The checkout is a shallow clone, Heroku takes no push from one/)
    expect(error.message).toMatch(message)
    expect(error.next).toContain('fetch-depth: 0')
  })
})
