import { beforeAll, describe, expect, it } from 'vitest'
import { actionlint } from './support/actionlint.ts'
import { checkDeclarations, checkGateSteps, readContract } from './support/contract.ts'
import { EXAMPLE_WORKFLOWS, OWN_WORKFLOWS, read } from './support/files.ts'
import { type LanguageService, openLanguageService } from './support/language-service.ts'
import { expression, type Problem, told } from './support/problem.ts'

const contract = readContract()
let service: LanguageService
beforeAll(async () => {
  service = await openLanguageService()
}, 60_000)

describe.each([...OWN_WORKFLOWS, ...EXAMPLE_WORKFLOWS])('%s', (file) => {
  const text = read(file)

  it('is a workflow to the language service', async () => {
    expect(told(file, await service.check('workflow', text))).toEqual([])
  })

  it('is a workflow to actionlint', async () => {
    expect(told(file, await actionlint(text))).toEqual([])
  })

  it('gives this Action the inputs that it has, and reads the outputs that it has', () => {
    expect(told(file, checkGateSteps(text, contract))).toEqual([])
  })
})

it('action.yml is an action to the language service', async () => {
  expect(told('action.yml', await service.check('action', read('action.yml')))).toEqual([])
})

it('action.yml says of its inputs and outputs what GitHub reads', () => {
  expect(checkDeclarations(read('action.yml'))).toEqual([])
})

it('there are workflows to look at', () => {
  expect(OWN_WORKFLOWS).toContain('.github/workflows/ci.yml')
})

const STEP = `on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - id: deploy
        uses: heroku-deploy-gate/heroku-deploy-gate@v0
        with:
          heroku-app: shop
          heroku-api-key: ${expression('secrets.HEROKU_API_KEY')}
      - run: echo "$OUTCOME"
        env:
          OUTCOME: ${expression('steps.deploy.outputs.outcome')}
`

describe('what is spoiled is refused', () => {
  it('and what is not spoiled is not', async () => {
    expect(await service.check('workflow', STEP)).toEqual([])
    expect(await actionlint(STEP)).toEqual([])
    expect(checkGateSteps(STEP, contract)).toEqual([])
  })

  it.each([
    ['a key that steps do not have', ['uses:', 'used:'], 7, "Unexpected value 'used'"],
    [
      'a context that is not there',
      ['steps.deploy.outputs', 'steps.deplai.outputs'],
      13,
      'Context access might be invalid: deplai',
    ],
    ['an event that is not there', ['on: push', 'on: pushed'], 1, "Unexpected value 'pushed'"],
  ] as const)('by the language service: %s', async (_, [from, to], line, message) => {
    expect(await service.check('workflow', STEP.replace(from, to))).toContainEqual(
      refusal(line, `${message} (language service)`),
    )
  })

  it.each([
    [
      'a job without steps',
      ['steps:', 'needs: []\n    env:'],
      3,
      '"steps" section is missing in job "deploy"',
    ],
    [
      'a step that comes later',
      ['id: deploy', 'id: later'],
      13,
      'property "deploy" is not defined in object type',
    ],
    [
      'a text of a stranger in a script',
      ['echo "$OUTCOME"', `echo "${expression('github.head_ref')}"`],
      11,
      '"github.head_ref" is potentially untrusted',
    ],
    ['a label of no runner', ['ubuntu-latest', 'ubuntu-lates'], 4, 'label "ubuntu-lates" is unknown'],
  ] as const)('by actionlint: %s', async (_, [from, to], line, message) => {
    expect(await actionlint(STEP.replace(from, to))).toContainEqual(refusal(line, message))
  })

  it.each([
    [
      'an input that action.yml has not',
      ['heroku-app:', 'heroku-apps:'],
      9,
      '"heroku-apps" is no input of action.yml',
    ],
    [
      'no input that action.yml requires',
      ['heroku-app:', 'ref:'],
      6,
      'the step lacks "heroku-app", which action.yml requires',
    ],
    [
      'an output that action.yml has not',
      ['outputs.outcome', 'outputs.result'],
      13,
      '"result" is no output of action.yml',
    ],
    [
      'an input of the Action by its path',
      [
        'heroku-deploy-gate/heroku-deploy-gate@v0\n        with:\n          heroku-app',
        './\n        with:\n          app',
      ],
      9,
      '"app" is no input of action.yml',
    ],
  ] as const)('by the contract: %s', (_, [from, to], line, message) => {
    expect(checkGateSteps(STEP.replace(from, to), contract)).toContainEqual({ line, message })
  })

  it.each([
    ['a runtime that is not there', ['using: node24', 'using: node23'], "Unexpected value 'node23'"],
    ['an icon that is not there', ['icon: shield', 'icon: sheld'], "Unexpected value 'sheld'"],
    ['no name', ['name: Heroku deploy gate\n', ''], 'Required property is missing: name'],
  ] as const)('in action.yml: %s', async (_, [from, to], message) => {
    const problems = await service.check('action', read('action.yml').replace(from, to))
    expect(problems.map((one) => one.message).join()).toContain(message)
  })

  it.each([
    [
      'a key that inputs do not have',
      'required: true',
      'requird: true',
      'heroku-app has a key "requird", which GitHub does not know',
    ],
    [
      'an input without a description',
      'description: Name of the app.',
      'default: shop',
      'heroku-app has no description',
    ],
  ])('in action.yml: %s', (_, from, to, message) => {
    expect(checkDeclarations(read('action.yml').replace(from, to))).toEqual([message])
  })
})

function refusal(line: number, message: string): Problem {
  return { line, message: expect.stringContaining(message) }
}
