import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Problem } from './problem.ts'
import { readWorkflow, type Step } from './workflow.ts'

/** What action.yml promises. */
export interface Contract {
  readonly inputs: ReadonlySet<string>
  readonly required: readonly string[]
  readonly outputs: ReadonlySet<string>
}

interface ActionYaml {
  readonly inputs: Record<string, { readonly required?: boolean }>
  readonly outputs: Record<string, unknown>
}

const FILE = join(import.meta.dirname, '../../../action.yml')

export function readContract(text = readFileSync(FILE, 'utf8')): Contract {
  const { inputs, outputs } = parse(text) as ActionYaml
  return {
    inputs: new Set(Object.keys(inputs)),
    required: Object.keys(inputs).filter((name) => inputs[name]?.required),
    outputs: new Set(Object.keys(outputs)),
  }
}

/** What the language service takes anything for. */
const DECLARATION = {
  inputs: ['description', 'required', 'default', 'deprecationMessage'],
  outputs: ['description'],
}

/** Where an input or output of action.yml says what GitHub does not read, or not what it is. */
export function checkDeclarations(text: string): string[] {
  const action = parse(text) as Record<'inputs' | 'outputs', Record<string, object>>
  return (['inputs', 'outputs'] as const).flatMap((kind) =>
    Object.entries(action[kind]).flatMap(([name, declaration]) => [
      ...Object.keys(declaration)
        .filter((key) => !DECLARATION[kind].includes(key))
        .map((key) => `${name} has a key "${key}", which GitHub does not know`),
      ...('description' in declaration ? [] : [`${name} has no description`]),
    ]),
  )
}

/** Whether the step is this Action: by its name, or by the path of a checkout. */
export function isGate({ uses = '' }: Step): boolean {
  return /^heroku-deploy-gate\/heroku-deploy-gate@/.test(uses) || /^\.\/(?!\.github\/)/.test(uses)
}

/**
 * Where a workflow gives this Action what it doesn't know, lacks what it needs, or reads what it doesn't write.
 * @param partial what it needs may stand elsewhere
 */
export function checkGateSteps(
  text: string,
  { inputs, required, outputs }: Contract,
  { partial = false } = {},
): Problem[] {
  return readWorkflow(text).jobs.flatMap((job) => {
    const gates = job.steps.filter(isGate)
    const unknown = gates.flatMap((step) =>
      [...step.with].flatMap(([name, { line }]) =>
        inputs.has(name) ? [] : [{ line, message: `"${name}" is no input of action.yml` }],
      ),
    )
    const missing = (partial ? [] : gates).flatMap(({ line, with: given }) =>
      required
        .filter((name) => !given.has(name))
        .map((name) => ({ line, message: `the step lacks "${name}", which action.yml requires` })),
    )
    const ids = new Set(gates.map(({ id }) => id))
    const read = [...job.text.matchAll(/\bsteps\.([\w-]+)\.outputs\.([\w-]+)/g)].flatMap((match) => {
      const [, id = '', output = ''] = match
      if (!ids.has(id) || outputs.has(output)) return []
      const line = job.line + job.text.slice(0, match.index).split('\n').length
      return [{ line, message: `"${output}" is no output of action.yml` }]
    })
    return [...unknown, ...missing, ...read]
  })
}
