import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { actionlint } from './support/actionlint.ts'
import { checkGateSteps, readContract } from './support/contract.ts'
import { PAGES, read } from './support/files.ts'
import { type LanguageService, openLanguageService } from './support/language-service.ts'
import { expression, told } from './support/problem.ts'
import { type Snippet, snippetsOf } from './support/snippets.ts'
import { makeWhole } from './support/whole.ts'

const contract = readContract()
let service: LanguageService
beforeAll(async () => {
  service = await openLanguageService()
}, 60_000)

/** What is wrong with a snippet, by all three checkers. */
async function check(page: string, { line, text, mark }: Snippet): Promise<string[]> {
  const whole = makeWhole(text, contract)
  if (mark !== '') {
    parse(text)
    return whole
      ? [`${page}:${line}: a block marked "yaml ${mark}" is of a workflow: leave the mark out`]
      : []
  }
  if (!whole) {
    const shapes =
      'a workflow, some of its keys, jobs, a job, steps, or inputs of the step that action.yml has'
    return [
      `${page}:${line}: not ${shapes}. Mend it, or say what it is behind \`\`\`yaml, as in \`\`\`yaml dependabot`,
    ]
  }
  const problems = [
    ...(await service.check('workflow', whole.text)),
    ...(await actionlint(whole.text)),
    ...checkGateSteps(whole.text, contract, whole),
  ]
  return told(page, problems, line - whole.before)
}

const pages = PAGES.map((page) => ({ page, snippets: snippetsOf(read(page)) })).filter(
  ({ snippets }) => snippets.length > 0,
)

describe.each(pages)('$page', ({ page, snippets }) => {
  it.each(snippets)('line $line is valid', async (snippet) => {
    expect(await check(page, snippet)).toEqual([])
  })
})

it('there are snippets to look at', () => {
  expect(pages.map(({ page }) => page)).toContain('README.md')
})

const fenced = (text: string, mark = '') => `Text.\n\n\`\`\`yaml${mark}\n${text}\`\`\`\n`

async function found(markdown: string): Promise<string[]> {
  const all = await Promise.all(snippetsOf(markdown).map((snippet) => check('page.md', snippet)))
  return all.flat()
}

describe('what is right is taken', () => {
  it.each([
    ['a workflow', 'on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n'],
    ['jobs', 'jobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n'],
    ['jobs without their key', 'one:\n  runs-on: ubuntu-latest\n  steps:\n    - run: make\n'],
    ['a job', 'runs-on: ubuntu-latest\nsteps:\n  - run: make\n'],
    ['a key of a workflow', 'concurrency: { group: deploy, cancel-in-progress: false }\n'],
    ['a key of a job', 'environment: production\n'],
    ['steps', '- run: make\n- uses: actions/checkout@v5\n'],
    ['a step', 'uses: actions/checkout@v5\nwith:\n  fetch-depth: 0\n'],
    ['inputs', 'strategy: promote\npromote-from: shop-staging\n'],
    ['inputs under with', 'with:\n  drain-from: dyno\n'],
    ['inputs under with, further in', 'with:\n    drain-from: dyno\n'],
    ['inputs under with, in braces', 'with: { drain-from: dyno }\n'],
    [
      'steps after one that is not shown',
      `- run: echo "$O"\n  env:\n    O: ${expression('steps.deploy.outputs.drained')}\n`,
    ],
    [
      'inputs of the workflow and values of a matrix',
      `skip-drain: ${expression('inputs.skip')}\nheroku-app: ${expression('matrix.app')}\n`,
    ],
  ])('%s', async (_, text) => {
    expect(await found(fenced(text))).toEqual([])
  })

  it('a block that says of what it is', async () => {
    expect(await found(fenced('version: 2\nupdates: []\n', ' dependabot'))).toEqual([])
  })

  it('a block in a list, by its own indentation', async () => {
    expect(await found('- so:\n\n  ```yaml\n  drain-timeout: 3m\n  ```\n')).toEqual([])
  })
})

describe('what is spoiled is refused', () => {
  it.each([
    [
      'a workflow',
      'on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    stepz: []\n',
      8,
      "Unexpected value 'stepz'",
    ],
    [
      'jobs',
      'jobs:\n  one:\n    runs-on: ubuntu-latest\n    needs: two\n    steps:\n      - run: make\n',
      5,
      'job "one" needs job "two" which does not exist',
    ],
    ['a key of a workflow', 'concurrency: { groop: deploy }\n', 4, 'groop'],
    [
      'steps',
      '- run: make\n- uses: actions/checkout@v5\n  wit:\n    fetch-depth: 0\n',
      6,
      "Unexpected value 'wit'",
    ],
    [
      'inputs under with',
      'with:\n  heroku-app: shop\n  drain-form: dyno\n',
      6,
      '"drain-form" is no input of action.yml',
    ],
    [
      'a step of this Action',
      '- uses: heroku-deploy-gate/heroku-deploy-gate@v0\n  with:\n    heroku-app: shop\n',
      4,
      'lacks "heroku-api-key"',
    ],
    [
      'outputs of a step that is not shown',
      `- run: echo "$O"\n  env:\n    O: ${expression('steps.deploy.outputs.drain')}\n`,
      6,
      '"drain" is no output of action.yml',
    ],
    [
      'a value that nothing gives',
      `heroku-app: ${expression('matrix.app')}-${expression('needs.build.outputs.tag')}\n`,
      4,
      'property "build" is not defined',
    ],
    ['what is of no known shape', 'version: 2\nupdates: []\n', 3, 'not a workflow, some of its keys, jobs'],
    ['an input alone, misspelt', 'drain-timout: 3m\n', 3, 'inputs of the step that action.yml has'],
  ])('%s', async (_, text, line, message) => {
    expect(await found(fenced(text))).toContainEqual(
      expect.stringMatching(new RegExp(`^page\\.md:${line}: .*${message}`)),
    )
  })

  it('a workflow that says it is something else', async () => {
    expect(await found(fenced('- run: make\n', ' compose'))).toEqual([
      'page.md:3: a block marked "yaml compose" is of a workflow: leave the mark out',
    ])
  })

  it('a step in a block that does not say it is YAML', () => {
    expect(() => snippetsOf('```\n- uses: actions/checkout@v5\n```\n')).toThrow(
      'a step of a workflow in a block that is not marked yaml',
    )
  })

  it('a fence that is left open', () => {
    expect(() => snippetsOf('```yaml\non: push\n')).toThrow("line 1: the block's fence is never closed")
  })
})
