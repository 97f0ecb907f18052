import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkDependabot } from './support/dependabot.ts'
import { exists, read } from './support/files.ts'
import { checkIssueConfig, checkIssueForm } from './support/issue-form.ts'

const FORMS = '.github/ISSUE_TEMPLATE'
const forms = readdirSync(join(import.meta.dirname, '../..', FORMS)).filter((name) => name !== 'config.yml')

describe('issue forms', () => {
  it.each(forms)('%s is one that GitHub shows', (name) => {
    expect(checkIssueForm(read(`${FORMS}/${name}`))).toEqual([])
  })

  it('config.yml is one that GitHub reads', () => {
    expect(checkIssueConfig(read(`${FORMS}/config.yml`))).toEqual([])
  })

  it('the one for a bug asks for what it takes to find it, and warns of secrets', () => {
    expect(read(`${FORMS}/bug.yml`)).toMatch(/Leave out secrets.*id: log.*deploy-gate status.*id: versions/s)
  })

  const WELL = `name: A
description: B
body:
  - type: input
    id: one
    attributes:
      label: One
  - type: dropdown
    id: two
    attributes:
      label: Two
      options: [a, b]
`

  it.each([
    ['nothing', '', '', []],
    ['no name', 'name: A\n', '', ['the form has no name']],
    [
      'a key that is not there',
      'name: A',
      'nome: A',
      ['the form has a key "nome", which GitHub does not know', 'the form has no name'],
    ],
    [
      'nothing to fill in',
      /body:.*/s,
      'body: [{ type: markdown, attributes: { value: a } }]',
      ['the form asks for nothing'],
    ],
    ['a type that is not there', 'type: input', 'type: text', ['one is of the type "text", which is none']],
    ['no label', 'label: One', 'description: One', ['one has no label']],
    ['the same id twice', 'id: two', 'id: one', ['two elements have the id one']],
    ['an id of other letters', 'id: one', 'id: o n e', ['o n e is no id: letters, digits, - and _']],
    ['no options', 'options: [a, b]', 'options: []', ['two has no options, or not different ones']],
    [
      'the same option twice',
      'options: [a, b]',
      'options: [a, a]',
      ['two has no options, or not different ones'],
    ],
  ])('a form is refused for %s', (_, from, to, complaints) => {
    expect(checkIssueForm(WELL.replace(from, to))).toEqual(complaints)
  })

  it('a link is refused without an address', () => {
    expect(checkIssueConfig('contact_links: [{ name: a, about: b }]')).toEqual([
      'a link has no url',
      '"undefined" is no address',
    ])
  })
})

describe('dependabot.yml', () => {
  it('is one that Dependabot reads', () => {
    expect(checkDependabot(read('.github/dependabot.yml'), exists)).toEqual([])
  })

  const WELL = `version: 2
updates:
  - package-ecosystem: npm
    directory: /
    schedule: { interval: weekly }
    cooldown: { default-days: 7 }
    groups: { all: { patterns: ["*"] } }
`

  it.each([
    ['nothing', '', '', []],
    ['another version', 'version: 2', 'version: 1', ['the version is 1, and not 2']],
    [
      'an ecosystem that is not there',
      'npm',
      'nmp',
      ['nmp in /: the ecosystem is none of npm, pip, bundler, github-actions'],
    ],
    [
      'a folder without packages',
      'directory: /',
      'directory: /docs',
      ['npm in /docs: there is no package.json'],
    ],
    ['no interval', 'weekly', 'sometimes', ['npm in /: no interval']],
    ['no cooldown', '    cooldown: { default-days: 7 }\n', '', ['npm in /: no cooldown']],
    ['no groups', / {4}groups.*\n/, '', ['npm in /: a pull request for each package']],
    ['a group of nothing', '{ patterns: ["*"] }', '{}', ['npm in /: the group all has no patterns']],
  ])('is refused for %s', (_, from, to, complaints) => {
    expect(checkDependabot(WELL.replace(from, to), exists)).toEqual(complaints)
  })
})

it('.editorconfig and biome.json agree', () => {
  const { formatter } = JSON.parse(read('biome.json'))
  const [, everywhere = '', code = ''] = read('.editorconfig').split(/^\[.*\]$/m)
  expect(everywhere).toContain(
    `indent_style = ${formatter.indentStyle}\nindent_size = ${formatter.indentWidth}\n`,
  )
  expect(code).toContain(`max_line_length = ${formatter.lineWidth}\n`)
})

it('LICENSE is the one that package.json names', () => {
  expect(`${JSON.parse(read('package.json')).license} License`).toBe(read('LICENSE').split('\n')[0])
})

it('the dev container has the Node that the project has, and installs by the script that is there', () => {
  const { image, postCreateCommand } = JSON.parse(read('.devcontainer/devcontainer.json'))
  const [major] = JSON.parse(read('package.json')).devDependencies.node.split('.')
  expect(image).toContain(`:${major}-`)
  expect(exists(postCreateCommand.split(' ')[0])).toBe(true)
})

it('every file that CONTRIBUTING.md names is there', () => {
  const named = [
    ...read('CONTRIBUTING.md').matchAll(
      /`((?:src|test|script|docs|clients|examples|spec|soak|bench|dist)\/[\w./-]*)(?: [^`]*)?`/g,
    ),
  ]
  expect(named.length).toBeGreaterThan(30)
  expect(named.flatMap(([, path = '']) => (exists(path) ? [] : [path]))).toEqual([])
})
