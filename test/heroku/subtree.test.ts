import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createGit, type Git } from '../../src/heroku/git.ts'
import { splitSubtree } from '../../src/heroku/subtree.ts'
import { systemTime } from '../../src/time.ts'
import { processes } from './support/processes.ts'
import { makeHistory, seeded } from './support/random-history.ts'
import { createRepository, gitEnvironment, type Repository, temporaryFolder } from './support/repository.ts'
import { type Surroundings, surroundings } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

let home: string
let remove: () => Promise<void>
let checkout: Repository
let around: Surroundings
let git: Git

beforeEach(async () => {
  ;({ path: home, remove } = temporaryFolder())
  const env = gitEnvironment(home)
  const path = mkdtempSync(join(home, 'checkout-'))
  checkout = createRepository(path, home)
  around = surroundings({ env })
  git = await createGit(place(path), around)
})
afterEach(() => remove())

const place = (directory: string) => ({
  app: 'shop',
  apiKey: 'HRKU-ada',
  gitUrl: 'https://git.example',
  directory,
})
const split = (appDir: string, commit = head()) =>
  splitSubtree(git, { commit, appDir, directory: checkout.path }, around)
const refused = (appDir: string) => rejection(split(appDir))
const head = () => checkout.git('rev-parse', 'HEAD')
/** What git's own tool makes of it. */
const subtree = (prefix: string, ...args: string[]) =>
  checkout.git('subtree', 'split', '-q', `--prefix=${prefix}`, ...args)

/** A commit with one file. */
function commit(file: string, text: string): string {
  const path = join(checkout.path, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  checkout.git('add', '--all')
  checkout.git('commit', '--quiet', '-m', `Make ${file} ${text}`)
  return head()
}

describe('a folder on its own', { timeout: 120_000 }, () => {
  it('has the tree of the folder and its history alone', async () => {
    commit('services/shop/Procfile', 'clock: one')
    commit('services/web/Procfile', 'web: one')
    const last = commit('services/shop/Procfile', 'clock: two')
    const made = await split('services/shop')
    expect(checkout.git('rev-parse', `${made}^{tree}`)).toBe(checkout.git('rev-parse', 'HEAD:services/shop'))
    expect(checkout.git('log', '--format=%s', made).split('\n')).toEqual([
      'Make services/shop/Procfile clock: two',
      'Make services/shop/Procfile clock: one',
    ])
    expect(around.lines).toEqual([
      `services/shop of ${last.slice(0, 8)} is ${made.slice(0, 8)} on its own (2 commits)`,
    ])
    expect(made).toBe(subtree('services/shop'))
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "is the very commit that git's own tool makes (random history %i)",
    async (seed) => {
      const random = seeded(seed)
      makeHistory(checkout, home, { folder: 'services/shop', commits: 80, random })
      expect(await split('services/shop')).toBe(subtree('services/shop'))
    },
  )

  it("has texts in the encoding of git's own tool, whatever this machine's is", async () => {
    checkout.git('config', 'i18n.commitEncoding', 'ISO-8859-1')
    mkdirSync(join(checkout.path, 'shop'))
    writeFileSync(join(checkout.path, 'shop/Procfile'), 'one')
    checkout.git('add', '--all')
    checkout.git('commit', '--quiet', '--author=Zo\u00eb <zoe@example.com>', '-m', 'F\u00fcr \u00dcbermorgen')
    const here = await split('shop')
    checkout.git('config', '--unset', 'i18n.commitEncoding')
    expect(await split('shop')).toBe(here)
    expect(here).toBe(subtree('shop'))
  })

  it('goes on from what was split and joined before', async () => {
    commit('shop/Procfile', 'one')
    commit('other', 'one')
    subtree('shop', '--rejoin')
    commit('shop/Procfile', 'two')
    subtree('shop', '--rejoin')
    commit('other', 'two')
    commit('shop/Procfile', 'three')
    expect(await split('shop')).toBe(subtree('shop'))
  })

  it.each([
    ['', []],
    [' in one commit', ['--squash']],
  ])('goes on from what was added from another repository%s', async (_name, options) => {
    const shop = createRepository(mkdtempSync(join(home, 'shop-')), home)
    shop.commit('one')
    commit('other', 'one')
    checkout.git('subtree', 'add', '-q', '--prefix=shop', ...options, shop.path, 'main')
    commit('shop/app.txt', 'two')
    const should = subtree('shop')
    checkout.git('config', 'grep.patternType', 'fixed')
    expect(await split('shop')).toBe(should)
  })

  it('begins where another repository was added that the checkout does not have', async () => {
    const shop = createRepository(mkdtempSync(join(home, 'shop-')), home)
    const theirs = shop.commit('one')
    commit('other', 'one')
    checkout.git('subtree', 'add', '-q', '--prefix=shop', '--squash', shop.path, 'main')
    commit('shop/app.txt', 'two')
    const clone = mkdtempSync(join(home, 'clone-'))
    checkout.git('clone', '--quiet', `file://${checkout.path}`, clone)
    git = await createGit(place(clone), around)
    const made = await split('shop')
    expect(around.lines[0]).toMatch(new RegExp(`has put ${theirs.slice(0, 8)} into shop`))
    expect(await split('shop')).toBe(made)
  })

  it.each([
    ['that side', 'there', 'here'],
    ['this side', 'here', 'there'],
  ])('is taken from %s of a merge when it has gone there and back', async (_name, changing, other) => {
    commit('shop/Procfile', 'one')
    checkout.git('branch', 'there')
    checkout.git('branch', 'here')
    checkout.git('checkout', '--quiet', other)
    commit('other', 'one')
    checkout.git('checkout', '--quiet', changing)
    commit('shop/Procfile', 'two')
    commit('shop/Procfile', 'one')
    checkout.git('checkout', '--quiet', 'here')
    checkout.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'there')
    const made = await split('shop')
    expect(checkout.git('log', '--format=%s', made).split('\n')).toHaveLength(3)
    expect(made).toBe(subtree('shop'))
  })

  it('may have been a file or a submodule before', async () => {
    const one = commit('shop', 'a file')
    checkout.git('rm', '--quiet', 'shop')
    checkout.git('update-index', '--add', '--cacheinfo', `160000,${one},shop`)
    checkout.git('commit', '--quiet', '-m', 'a submodule')
    checkout.git('rm', '--cached', '--quiet', 'shop')
    commit('shop/Procfile', 'one')
    const made = await split('shop')
    expect(checkout.git('log', '--format=%s', made)).toBe('Make shop/Procfile one')
  })

  it('of a later commit builds on that of an earlier one', async () => {
    const first = commit('shop/Procfile', 'one')
    commit('shop/Procfile', 'two')
    const [earlier, later] = [await split('shop', first), await split('shop')]
    expect(checkout.git('rev-parse', `${later}^`)).toBe(earlier)
  })

  it('need not be checked out, and leaves everything as it is', async () => {
    const wanted = commit('shop/Procfile', 'one')
    const should = subtree('shop')
    checkout.git('rm', '-r', '--quiet', 'shop')
    commit('other', 'two')
    writeFileSync(join(checkout.path, 'other'), 'changed')
    writeFileSync(join(checkout.path, 'new'), 'new')
    checkout.git('add', 'new')
    const state = () => [
      ...['status --porcelain', 'for-each-ref', 'symbolic-ref HEAD', 'rev-parse HEAD', 'reflog'].map((args) =>
        checkout.git(...args.split(' ')),
      ),
      readFileSync(join(checkout.path, '.git/index'), 'latin1'),
    ]
    const before = state()
    expect(await split('shop', wanted)).toBe(should)
    expect(state()).toEqual(before)
  })

  it.each([['with space/and more'], ['-x'], ['zoë/日本'], ['a"b\\c'], [':(top)x'], ['*?[a]']])(
    'may be called %j',
    async (folder) => {
      commit(`${folder}/Procfile`, 'one')
      commit('other', 'two')
      const made = await split(folder)
      expect(checkout.git('ls-tree', '--name-only', made)).toBe('Procfile')
      expect(checkout.git('log', '--format=%s', made).split('\n')).toHaveLength(1)
    },
  )
})

describe('a folder that can not be taken', { timeout: 20_000 }, () => {
  it('is not there: says which ones are', async () => {
    for (let i = 1; i <= 12; i++) commit(`services/s${String(i).padStart(2, '0')}/Procfile`, 'x')
    const error = await refused('services/shpo')
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(
      /^The input `app-dir` is "services\/shpo", and "services" of [0-9a-f]{8} has no "shpo"\. There are the folders "services\/s01", /,
    )
    expect(error.message).toMatch(/"services\/s10" and 2 more\.$/)
    expect((await refused('shop')).message).toMatch(
      /and [0-9a-f]{8} has no "shop"\. There are the folders "services"\.$/,
    )
  })

  it('is nowhere, since there is no folder', async () => {
    commit('Procfile', 'x')
    expect((await refused('shop')).message).toMatch(/There is no folder at all\.$/)
  })

  it.each(['', '/', 'a//b', '../shop', 'shop/.', 'shop/', 'sh\nop'])('is no path: %j', async (path) => {
    commit('shop/Procfile', 'x')
    expect((await refused(path)).message).toMatch(/which is no path of a folder in the repository/)
  })

  it('is a file, or lies in one', async () => {
    commit('shop/Procfile', 'x')
    for (const path of ['shop/Procfile', 'shop/Procfile/deeper']) {
      expect((await refused(path)).message).toMatch(/"shop\/Procfile" of [0-9a-f]{8} is a file, not a folder/)
    }
  })

  it('is a symbolic link', async () => {
    commit('shop/Procfile', 'x')
    symlinkSync('shop', join(checkout.path, 'link'))
    commit('other', 'x')
    expect((await refused('link')).message).toMatch(/is a symbolic link, not a folder/)
  })

  it('is a submodule', async () => {
    const one = commit('other', 'x')
    checkout.git('update-index', '--add', '--cacheinfo', `160000,${one},shop`)
    checkout.git('commit', '--quiet', '-m', 'shop')
    const error = await refused('shop')
    expect(error.message).toMatch(/is a submodule: its files are in a repository of their own/)
    expect(error.next).toMatch(/Deploy from a checkout of that repository/)
  })
})

it('is cancelled by the signal, with all processes that work on it', { timeout: 20_000 }, async () => {
  const made = commit('shop/Procfile', 'one')
  const began = join(home, 'began')
  const bin = join(home, 'bin')
  mkdirSync(bin)
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  const slow = `case "$*" in *commit-tree*) sleep 60 & echo $$ > ${began}.new; mv ${began}.new ${began}; wait;; esac`
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${slow}\nexec ${real} "$@"\n`, { mode: 0o755 })
  git = await createGit(place(checkout.path), {
    ...around,
    env: { ...around.env, PATH: `${bin}:${around.env.PATH}` },
  })
  const splitting = rejection(split('shop', made))
  while (!existsSync(began)) await systemTime.sleep(20)
  const leader = Number(readFileSync(began, 'utf8'))
  const members = () => processes().filter(({ group }) => group === leader)
  expect(members().length).toBeGreaterThan(1)
  const reason = new Error('the job was cancelled')
  around.abort(reason)
  expect(await splitting).toBe(reason)
  expect(members()).toEqual([])
})
