import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { OWN_WORKFLOWS, read } from './support/files.ts'
import { expression, told } from './support/problem.ts'
import { checkGateJob, RULES } from './support/rules.ts'
import { readWorkflow } from './support/workflow.ts'

/** The job that a branch rule requires. */
const GATE_JOB = 'all-green'

const broken = (text: string) =>
  told(
    'it',
    RULES.flatMap((rule) => rule(readWorkflow(text))),
  )

describe.each(OWN_WORKFLOWS)('%s', (file) => {
  it('keeps the rules', () => {
    expect(broken(read(file))).toEqual([])
  })
})

it('ci.yml has one job that waits for all others', () => {
  expect(told('ci.yml', checkGateJob(readWorkflow(read('.github/workflows/ci.yml')), GATE_JOB))).toEqual([])
})

it.each([
  ['success success', 0],
  ['success failure', 1],
  ['cancelled success', 1],
  ['success skipped', 1],
])('after %s the script of that job ends with %d', (results, code) => {
  const { jobs } = readWorkflow(read('.github/workflows/ci.yml'))
  const step = jobs.find(({ name }) => name === GATE_JOB)?.steps[0]
  expect(step?.env.get('RESULTS')).toBe(expression("join(needs.*.result, ' ')"))
  const { status } = spawnSync('bash', ['-e', '-c', step?.run ?? ''], {
    env: { ...process.env, RESULTS: results },
  })
  expect(status).toBe(code)
})

const WELL = `on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          persist-credentials: false
      - run: make
  all-green:
    if: always()
    needs: [build]
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - run: make
`

describe('what is spoiled is refused', () => {
  it('and what is not spoiled is not', () => {
    expect(broken(WELL)).toEqual([])
    expect(checkGateJob(readWorkflow(WELL), GATE_JOB)).toEqual([])
    const pushing = WELL.replace('    runs-on', '    permissions: { contents: write }\n    runs-on')
    expect(broken(pushing.replace(/ +with:\n.*false\n/, ''))).toEqual([])
  })

  it.each([
    [
      'a tag',
      '@de0fac2e4500dabe0009e67214ff5f5447ce83dd',
      '@v6',
      'it:8: "actions/checkout@v6" is not pinned to a full commit',
    ],
    [
      'a short commit',
      'de0fac2e4500dabe0009e67214ff5f5447ce83dd',
      'de0fac2',
      'it:8: "actions/checkout@de0fac2" is not pinned to a full commit',
    ],
    [
      'a pin without its version',
      ' # v6.0.2',
      '',
      'it:8: "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd" lacks its version, as in "# v1.2.3", behind it',
    ],
    [
      'no permissions',
      'permissions: {}\n',
      '',
      'it:1: top-level permissions must be {} or contents: read; more of them belongs to a job',
    ],
    [
      'broad permissions',
      'permissions: {}',
      'permissions: { contents: write }',
      'it:1: top-level permissions must be {} or contents: read; more of them belongs to a job',
    ],
    [
      'all permissions for a job',
      '    timeout-minutes: 5',
      '    timeout-minutes: 5\n    permissions: write-all',
      'it:4: job build has permissions "write-all": name each of them',
    ],
    ['no limit', '    timeout-minutes: 5\n', '', 'it:4: job build has no timeout-minutes'],
    [
      'a token that stays',
      '          persist-credentials: false',
      '          fetch-depth: 0',
      'it:8: job build pushes nothing: persist-credentials must be false',
    ],
    [
      'an expression in a script',
      'run: make',
      `run: echo ${expression('github.ref')}`,
      'it:11: an expression in a script: give it by env',
    ],
    [
      'a run for strangers',
      'on: push',
      'on: [push, pull_request_target]',
      'it:1: pull_request_target runs with secrets on what a stranger wrote',
    ],
  ])('%s', (_, from, to, message) => {
    expect(broken(WELL.replace(from, to))).toEqual([message])
  })

  it.each([
    [
      'a job that it does not need',
      'needs: [build]',
      'needs: []',
      'it:12: job all-green does not need build',
    ],
    [
      'a job that may be skipped',
      '    if: always()\n',
      '',
      'it:12: job all-green is skipped, and so counts as passed, unless it has if: always()',
    ],
    ['none at all', 'all-green:', 'all-greed:', 'it:1: there is no job all-green'],
  ])('of the job that waits for all: %s', (_, from, to, message) => {
    expect(told('it', checkGateJob(readWorkflow(WELL.replace(from, to)), GATE_JOB))).toEqual([message])
  })
})
