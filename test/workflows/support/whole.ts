import { parse } from 'yaml'
import type { Contract } from './contract.ts'

/** The smallest workflow that has a snippet in it. */
export interface Whole {
  readonly text: string
  /** how many of its lines stand above the snippet's first */
  readonly before: number
  /** Inputs alone: those that are required may stand elsewhere. */
  readonly partial: boolean
}

type Fields = Readonly<Record<string, unknown>>

const WORKFLOW = new Set(['name', 'run-name', 'on', 'permissions', 'env', 'defaults', 'concurrency', 'jobs'])
const JOB = new Set(
  `name runs-on needs if permissions environment concurrency outputs env defaults steps timeout-minutes
  strategy continue-on-error container services`.split(/\s+/),
)
const STEP = new Set([
  'name',
  'id',
  'if',
  'uses',
  'with',
  'run',
  'env',
  'continue-on-error',
  'timeout-minutes',
])
const RUNS_ON = 'runs-on: ubuntu-latest'
const NOTHING = '{ run: "true" }'

/**
 * Puts a snippet into what it is a part of, by its shape: a whole workflow, some of its top-level keys, jobs, one job, a list of steps, a step,
 * or inputs of this Action.
 * @returns undefined when it is none of these
 * @throws Error when it is no YAML
 */
export function makeWhole(snippet: string, contract: Contract): Whole | undefined {
  const content: unknown = parse(snippet)
  const fragment = (above: readonly string[], indent: number, below: readonly string[] = []): Whole => {
    const inner = snippet.replace(/^(?=.)/gm, ' '.repeat(indent))
    const text = `${[...above, inner.trimEnd(), ...below].join('\n')}\n`
    return { text, before: above.length, partial: false }
  }
  const on = events(snippet)
  const job = [on, 'jobs:', '  job:', ...matrix(snippet)]
  const steps = [...job, `    ${RUNS_ON}`, '    steps:', ...stepsBefore(snippet, content, contract)]

  if (isSteps(content)) return fragment(steps, 6)
  if (!isFields(content)) return undefined
  const keys = Object.keys(content)
  const all = (known: ReadonlySet<string>) => keys.every((key) => known.has(key))
  if (all(contract.inputs)) return { ...fragment([...steps, GATE, '        with:'], 10), partial: true }
  if (all(WORKFLOW)) {
    if (keys.includes('on') && keys.includes('jobs')) return { text: snippet, before: 0, partial: false }
    const jobs = keys.includes('jobs') ? [] : [`jobs: { job: { ${RUNS_ON}, steps: [${NOTHING}] } }`]
    return fragment(keys.includes('on') ? [] : [on], 0, jobs)
  }
  if (keys.join() === 'with') return { ...fragment([...steps, GATE], 8), partial: true }
  if (all(STEP) && ('uses' in content || 'run' in content)) return fragment([...steps, '      -'], 8)
  if (all(JOB)) {
    const rest = ['runs-on' in content ? [] : RUNS_ON, 'steps' in content ? [] : `steps: [${NOTHING}]`].flat()
    return fragment(
      job,
      4,
      rest.map((line) => `    ${line}`),
    )
  }
  const jobs = Object.values(content)
  if (jobs.every((one) => isFields(one) && ('runs-on' in one || 'uses' in one)))
    return fragment([on, 'jobs:'], 2)
  return undefined
}

const GATE = '      - uses: heroku-deploy-gate/heroku-deploy-gate@v0'

/** The events of a deploy, with the inputs that are read. */
function events(snippet: string): string {
  const inputs = read(snippet, 'inputs').map((name) => `${name}: { type: string }`)
  return `on: { push: , pull_request: , workflow_dispatch: { inputs: { ${inputs.join(', ')} } } }`
}

function matrix(snippet: string): string[] {
  const names = read(snippet, 'matrix').map((name) => `${name}: [given]`)
  return names.length === 0 || /^ *strategy:\s*$/m.test(snippet)
    ? []
    : [`    strategy: { matrix: { ${names.join(', ')} } }`]
}

/** A step whose outputs are read and that isn't shown is this Action. */
function stepsBefore(snippet: string, content: unknown, { required }: Contract): string[] {
  const shown = isSteps(content) ? content.map(({ id }) => id) : []
  const ids = read(snippet, 'steps').filter((id) => !shown.includes(id))
  const given = required.map((name) => `${name}: given`).join(', ')
  return ids.flatMap((id) => [GATE, `        id: ${id}`, `        with: { ${given} }`])
}

function read(snippet: string, context: string): string[] {
  return [
    ...new Set(
      [...snippet.matchAll(new RegExp(`\\b${context}\\.([\\w-]+)`, 'g'))].map(([, name = '']) => name),
    ),
  ]
}

function isFields(content: unknown): content is Fields {
  return typeof content === 'object' && content !== null && !Array.isArray(content)
}

function isSteps(content: unknown): content is readonly Fields[] {
  return (
    Array.isArray(content) &&
    content.length > 0 &&
    content.every((step) => isFields(step) && ('uses' in step || 'run' in step))
  )
}
