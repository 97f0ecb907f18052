import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gitEnvironment } from '../support/heroku/git.ts'
import { read } from './support/files.ts'
import { readWorkflow } from './support/workflow.ts'

const script = (name: string) => join(import.meta.dirname, '../../script', name)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gate-release-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the notes of a release', () => {
  const CHANGELOG = `# Changelog

## [Unreleased]

Later.

## [1.2.0] - 2026-01-02

### Added

- This.

## [1.1.0] - 2026-01-01

- That.

[1.2.0]: https://example.com
`
  const REPOSITORY = 'acme/gate'

  function notes(
    tag: string,
    {
      changelog = CHANGELOG,
      manifest = { version: '1.2.0' },
      repository = '',
    }: { changelog?: string; manifest?: object; repository?: string } = {},
  ) {
    writeFileSync(join(folder, 'CHANGELOG.md'), changelog)
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    const env = { ...process.env, GITHUB_REPOSITORY: repository }
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [script('release-notes.ts'), tag, folder],
      {
        env,
        encoding: 'utf8',
      },
    )
    return { status, stdout, stderr }
  }

  it('are those of its version alone', () => {
    expect(notes('v1.2.0')).toEqual({ status: 0, stdout: '### Added\n\n- This.\n', stderr: '' })
  })

  it('are there without the links of the headings', () => {
    expect(notes('v1.1.0', { manifest: { version: '1.1.0' } }).stdout).toBe('- That.\n')
  })

  it('are there where package.json names the repository', () => {
    const manifest = { version: '1.2.0', repository: { url: `git+https://github.com/${REPOSITORY}.git` } }
    expect(notes('v1.2.0', { manifest, repository: REPOSITORY }).status).toBe(0)
  })

  it.each([
    [
      'a tag of another form',
      '1.2.0',
      {},
      /^"1\.2\.0" is no tag of a release: it must look like v1\.2\.3\.\n$/,
    ],
    ['a release candidate', 'v1.2.0-rc.1', {}, /^"v1\.2\.0-rc\.1" is no tag of a release/],
    [
      'another version in package.json',
      'v1.2.0',
      { manifest: { version: '1.1.9' } },
      /^package\.json has the version 1\.1\.9, and the tag is v1\.2\.0: run `npm version/,
    ],
    [
      'no section',
      'v1.2.0',
      { changelog: '## [Unreleased]\n\nAll.\n' },
      /^CHANGELOG\.md has no section "## \[1\.2\.0\] - YYYY-MM-DD" with anything in it/,
    ],
    [
      'a section without a date',
      'v1.2.0',
      { changelog: CHANGELOG.replace(' - 2026-01-02', '') },
      /^CHANGELOG\.md has no section/,
    ],
    [
      'an empty section',
      'v1.2.0',
      { changelog: CHANGELOG.replace('### Added\n\n- This.\n', '') },
      /^CHANGELOG\.md has no section/,
    ],
    [
      'no repository for the provenance',
      'v1.2.0',
      { repository: REPOSITORY },
      /^package\.json has the repository "", and npm's provenance needs "git\+https:\/\/github\.com\/acme\/gate\.git"/,
    ],
  ])('are refused for %s', (_, tag, over, message) => {
    const { status, stdout, stderr } = notes(tag, over)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(message)
  })

  it('are there for the version of package.json', () => {
    const { version } = JSON.parse(read('package.json'))
    const env = { ...process.env, GITHUB_REPOSITORY: '' }
    const { status, stderr } = spawnSync(process.execPath, [script('release-notes.ts'), `v${version}`], {
      env,
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})

describe('the tag of the major version', () => {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { cwd: join(folder, 'work'), env: gitEnvironment(), encoding: 'utf8' }).trim()
  const move = (tag: string) => {
    const { status, stdout, stderr } = spawnSync(script('move-major-tag'), [tag], {
      cwd: join(folder, 'work'),
      env: gitEnvironment(),
      encoding: 'utf8',
    })
    return { status, said: `${stdout}${stderr}` }
  }
  const atOrigin = (tag: string) => git('ls-remote', 'origin', `refs/tags/${tag}`).split('\t')[0]

  /** Commits and tags each of the versions, in this order. */
  function released(...tags: readonly string[]): void {
    mkdirSync(join(folder, 'work'))
    git('init', '--quiet', '--initial-branch=main')
    git('init', '--quiet', '--bare', join(folder, 'origin.git'))
    git('remote', 'add', 'origin', join(folder, 'origin.git'))
    for (const tag of tags) {
      git('commit', '--quiet', '--allow-empty', '-m', tag)
      git('tag', '--annotate', '-m', tag, tag)
    }
  }

  it('is made, and moved to the commit of the next release', () => {
    released('v1.2.0', 'v1.10.0')
    git('push', '--quiet', 'origin', 'v1.2.0^{commit}:refs/tags/v1')
    expect(move('v1.10.0')).toEqual({ status: 0, said: 'v1 is v1.10.0 now.\n' })
    expect(atOrigin('v1')).toBe(git('rev-parse', 'v1.10.0^{commit}'))
    expect(git('ls-remote', 'origin').split('\n')).toHaveLength(1)
  })

  it('stays where it is when an older version is released later', () => {
    released('v1.10.0', 'v1.2.1', 'v2.0.0', 'v1.11.0-rc.1')
    expect(move('v1.2.1')).toEqual({
      status: 0,
      said: 'v1.10.0 is newer than v1.2.1: v1 stays where it is.\n',
    })
    expect(atOrigin('v1')).toBe('')
    expect(move('v1.10.0').said).toBe('v1 is v1.10.0 now.\n')
  })

  it.each(['v1', '', 'v1.2.3-rc.1', '--force'])('is not moved by "%s"', (tag) => {
    released('v1.0.0')
    expect(move(tag)).toEqual({
      status: 1,
      said: `"${tag}" is no tag of a release: it must look like v1.2.3.\n`,
    })
  })
})

describe('release.yml', () => {
  const { jobs, concurrency } = readWorkflow(read('.github/workflows/release.yml'))
  const job = (name: string) => jobs.find((one) => one.name === name)
  const before = (name: string): string[] =>
    (job(name)?.needs ?? []).flatMap((needed) => [needed, ...before(needed)])

  it('tries first, shows the release when all is published, and moves the major tag last', () => {
    expect(before('major')).toContain('publish')
    expect(before('publish')).toEqual(expect.arrayContaining(['npm', 'pypi', 'rubygems']))
    for (const name of ['npm', 'pypi', 'rubygems']) expect(before(name)).toEqual(['draft', 'verify'])
    expect(jobs.map(({ name }) => name).toSorted()).toEqual(
      [...new Set(['major', ...before('major')])].toSorted(),
    )
  })

  it('is never broken off by the next one', () => {
    expect(concurrency).toEqual({ group: 'release', 'cancel-in-progress': false })
  })

  it('lets nothing be written or published outside of the environment that tags alone may use', () => {
    const mighty = jobs.filter(({ permissions }) => /"write"/.test(JSON.stringify(permissions)))
    expect(mighty.map(({ name, environment }) => `${name}: ${environment}`)).toEqual(
      ['draft', 'npm', 'pypi', 'rubygems', 'publish', 'major'].map((name) => `${name}: release`),
    )
  })

  it('lets only those write to the repository that do', () => {
    const writers = jobs.filter(({ permissions }) => /"contents":"write"/.test(JSON.stringify(permissions)))
    expect(writers.map(({ name }) => name)).toEqual(['draft', 'publish', 'major'])
  })
})
