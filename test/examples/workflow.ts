import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** What starts a run of a workflow. */
export type Occasion =
  | { readonly event: 'push' }
  /** somebody starts it by hand, and fills in some of what it asks for */
  | { readonly event: 'workflow_dispatch'; readonly inputs: Readonly<Record<string, boolean>> }

/** A workflow that checks out main and deploys it by this action. */
export interface Workflow {
  /** how many commits the checkout has; 0: all */
  readonly fetchDepth: number
  /** What the action finds under `with:` in such a run. */
  inputs(occasion: Occasion, secrets: Readonly<Record<string, string>>): Record<string, string>
}

interface WorkflowYaml {
  on: {
    push?: { branches?: string[] }
    workflow_dispatch?: { inputs?: Record<string, { default?: boolean }> }
  }
  jobs: Record<string, { steps: { uses?: string; with?: Record<string, string | number | boolean> }[] }>
}

/** @throws Error when it lacks what the tests of the examples run of it, or has an expression that nobody evaluates here */
export function readWorkflow(file: string): Workflow {
  const workflow = parse(readFileSync(file, 'utf8')) as WorkflowYaml
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps)
  const step = (action: string) => {
    const found = steps.filter(({ uses = '' }) => uses.startsWith(`${action}@`))
    if (found.length !== 1) throw new Error(`${file}: ${found.length} steps use ${action}, and not one.`)
    return found[0]?.with ?? {}
  }
  const checkout = step('actions/checkout')
  const gate = step('heroku-deploy-gate/heroku-deploy-gate')
  if (!workflow.on.push?.branches?.includes('main')) throw new Error(`${file}: no push to main starts it.`)

  /** `inputs` of an expression: those of a push are empty. */
  function givenAt(occasion: Occasion): Record<string, boolean | undefined> {
    if (occasion.event === 'push') return {}
    const asked = workflow.on.workflow_dispatch?.inputs ?? {}
    for (const name of Object.keys(occasion.inputs)) {
      if (!(name in asked)) throw new Error(`${file}: it asks nobody for ${name}.`)
    }
    const defaults = Object.entries(asked).map(([name, input]) => [name, input.default ?? false])
    return { ...Object.fromEntries(defaults), ...occasion.inputs }
  }

  return {
    // The default of actions/checkout.
    fetchDepth: Number(checkout['fetch-depth'] ?? 1),
    inputs(occasion, secrets) {
      const given = givenAt(occasion)
      const evaluate = (text: string) => {
        const [, secret, input] =
          /^\$\{\{ (?:secrets\.([\w-]+)|inputs\.([\w-]+) \|\| false) \}\}$/.exec(text) ?? []
        if (secret !== undefined) return secrets[secret] ?? ''
        if (input !== undefined) return String(given[input] || false)
        if (text.includes('${{')) throw new Error(`${file}: ${text} is not evaluated here.`)
        return text
      }
      return Object.fromEntries(Object.entries(gate).map(([name, value]) => [name, evaluate(String(value))]))
    },
  }
}
