import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { run, stranger } from './support/command.ts'
import { expectContents } from './support/contents.ts'
import { drainsAndResumes } from './support/held.ts'
import { version } from './support/version.ts'

const LIMIT_MS = 180_000
const root = join(import.meta.dirname, '../..')
const apps = join(root, 'test/clients/apps')
/** The system's own: it sees the system's redis and clockwork. */
const RUBY = '/usr/bin/ruby'
const GEM = '/usr/bin/gem'
const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-gem-'))
const source = join(folder, 'source')
const home = join(folder, 'home')
const env = { ...stranger, GEM_HOME: home }
const file = `heroku_deploy_gate-${version}.gem`
const installed = join(home, 'gems', `heroku_deploy_gate-${version}`)

beforeAll(async () => {
  cpSync(join(root, 'clients/ruby'), source, { recursive: true })
  writeFileSync(join(source, 'own.rb'), '')
  await run(RUBY, [GEM, 'build', '--strict', 'heroku_deploy_gate.gemspec'], { cwd: source, env })
  // Fetches nothing: what it depends on must be there already, in a version that it is content with.
  await run(RUBY, [GEM, 'install', '--local', '--no-document', file], { cwd: source, env })
}, LIMIT_MS)
afterAll(() => rmSync(folder, { recursive: true }))

it('is packed with the one file, a line for Bundler, and the licence', async () => {
  const list = 'puts Gem::Package.new(ARGV[0]).contents'
  const { stdout } = await run(RUBY, ['-rrubygems/package', '-e', list, file], { cwd: source, env })
  expectContents(stdout.trim().split('\n'), [
    'LICENSE',
    'README.md',
    'deploy_gate.rb',
    'heroku_deploy_gate.rb',
  ])
})

it('is required from where it is installed, in its version', async () => {
  const lines = 'require "deploy_gate"; puts DeployGate::VERSION, $LOADED_FEATURES.grep(/deploy_gate/)'
  const { stdout } = await run(RUBY, ['-e', lines], { cwd: folder, env })
  expect(stdout.trim().split('\n')).toEqual([version, join(installed, 'deploy_gate.rb')])
})

it('is required by Bundler under the name that it has in a Gemfile', async () => {
  const gemfile = join(folder, 'Gemfile')
  writeFileSync(gemfile, 'source "https://rubygems.org"\ngem "heroku_deploy_gate"\n')
  const lines = 'require "bundler"; Bundler.require; puts DeployGate::VERSION'
  const { stdout } = await run(RUBY, ['-e', lines], { cwd: folder, env: { ...env, BUNDLE_GEMFILE: gemfile } })
  expect(stdout.trim().split('\n').at(-1)).toBe(version)
})

it(
  'drains a clock of clockwork and gives it back',
  async () => {
    const clock = ['/usr/bin/clockwork', join(apps, 'ruby-clockwork/clock.rb')]
    await drainsAndResumes(RUBY, clock, { GEM_HOME: home, RUBYLIB: join(apps, 'ruby-trial') })
  },
  LIMIT_MS,
)
