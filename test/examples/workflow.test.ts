import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readWorkflow } from './workflow.ts'

let file: string
beforeAll(() => {
  file = join(mkdtempSync(join(tmpdir(), 'deploy-gate-workflow-')), 'deploy.yml')
})
afterAll(() => rmSync(join(file, '..'), { recursive: true }))

function workflow(inputs: string, on = 'push: { branches: [main] }', checkout = '{ fetch-depth: 0 }') {
  writeFileSync(
    file,
    `
on:
  ${on}
  workflow_dispatch: { inputs: { skip-drain: { type: boolean, default: false } } }
jobs:
  deploy:
    steps:
      - uses: actions/checkout@v6
        with: ${checkout}
      - uses: heroku-deploy-gate/heroku-deploy-gate@v0
        with: ${inputs}
`,
  )
  return readWorkflow(file)
}
const expression = (text: string) => `"\${{ ${text} }}"`
const FULL = `{ heroku-app: shop, heroku-api-key: ${expression('secrets.KEY')}, skip-drain: ${expression('inputs.skip-drain || false')} }`

it('gives the action what the workflow gives it, in a push and in a run by hand', () => {
  const { inputs, fetchDepth } = workflow(FULL)
  const pushed = { 'heroku-app': 'shop', 'heroku-api-key': 'secret', 'skip-drain': 'false' }
  const byHand = (given: Record<string, boolean>) =>
    inputs({ event: 'workflow_dispatch', inputs: given }, { KEY: 'secret' })
  expect(fetchDepth).toBe(0)
  expect(inputs({ event: 'push' }, { KEY: 'secret' })).toEqual(pushed)
  expect(byHand({})).toEqual(pushed)
  expect(byHand({ 'skip-drain': true })).toEqual({ ...pushed, 'skip-drain': 'true' })
  // A secret that the repository does not have is empty.
  expect(inputs({ event: 'push' }, {})['heroku-api-key']).toBe('')
})

it('has a shallow checkout where the workflow asks for no other', () => {
  expect(workflow(FULL, undefined, '{}').fetchDepth).toBe(1)
})

it('takes nothing for what it is not', () => {
  const run = (inputs: string) => () => workflow(inputs).inputs({ event: 'push' }, {})
  expect(run(`{ heroku-app: ${expression('vars.APP')} }`)).toThrow(/vars\.APP }} is not evaluated here/)
  expect(run(`{ skip-drain: ${expression('inputs.skip-drain')} }`)).toThrow(/is not evaluated here/)
  expect(() => workflow(FULL, 'push: { branches: [production] }')).toThrow('no push to main starts it')
  expect(() =>
    workflow(FULL).inputs({ event: 'workflow_dispatch', inputs: { 'skip-drian': true } }, {}),
  ).toThrow('it asks nobody for skip-drian')
})
