import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { version } from './support/version.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

// pyproject.toml and the gemspec read theirs from these; what they make of it is in the tests of the packages.
it.each([
  ['package-lock.json', /^\{\n {2}"name": "heroku-deploy-gate",\n {2}"version": "(.+)"/],
  ['clients/python/deploy_gate.py', /^__version__ = "(.+)"$/m],
  ['clients/ruby/deploy_gate.rb', /^ {2}VERSION = "(.+)"$/m],
])('%s has the version of package.json', (path, pattern) => {
  expect(pattern.exec(read(path))?.[1]).toBe(version)
})

// Neither pip nor gem packs what is outside of the client's folder.
it.each(['clients/python/LICENSE', 'clients/ruby/LICENSE'])('%s is the licence', (path) => {
  expect(read(path)).toBe(read('LICENSE'))
})
