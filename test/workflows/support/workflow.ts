import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'

/** A workflow as far as the checks look at it. Lines are counted from 1. */
export interface Workflow {
  /** names of the events under `on` */
  readonly events: readonly string[]
  /** the value of the top-level `permissions`; undefined without one */
  readonly permissions: unknown
  readonly concurrency: unknown
  readonly jobs: readonly Job[]
}

export interface Job {
  readonly name: string
  readonly line: number
  /** its own text */
  readonly text: string
  readonly keys: ReadonlySet<string>
  readonly needs: readonly string[]
  readonly condition: string
  readonly permissions: unknown
  readonly environment: unknown
  readonly steps: readonly Step[]
}

export interface Step {
  readonly line: number
  readonly id: string | undefined
  readonly uses: string | undefined
  /** the comment behind `uses`, without its `#` and blanks */
  readonly usesComment: string
  readonly run: string | undefined
  /** inputs, each with its line */
  readonly with: ReadonlyMap<string, { readonly value: unknown; readonly line: number }>
  readonly env: ReadonlyMap<string, unknown>
}

/**
 * Reads what is known to be a workflow; what isn't there is empty.
 * @throws Error when it is no YAML
 */
export function readWorkflow(text: string): Workflow {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  if (document.errors[0]) throw document.errors[0]
  const lineOf = (node: Node | null | undefined) => lines.linePos(node?.range?.[0] ?? 0).line
  const root = document.contents
  const jobs = map(isMap(root) ? root.get('jobs', true) : undefined)
  return {
    events: names(isMap(root) ? root.get('on', true) : undefined),
    permissions: plain(root, 'permissions'),
    concurrency: plain(root, 'concurrency'),
    jobs: jobs.map(([name, job, key]) => ({
      name,
      line: lineOf(key),
      text: text.slice(job.range?.[0], job.range?.[2]),
      keys: keysOf(job),
      needs: names(isMap(job) ? job.get('needs', true) : undefined),
      condition: String(plain(job, 'if') ?? ''),
      permissions: plain(job, 'permissions'),
      environment: plain(job, 'environment'),
      steps: stepsOf(job, lineOf),
    })),
  }
}

function stepsOf(job: Node, lineOf: (node: Node) => number): Step[] {
  const steps = isMap(job) ? job.get('steps', true) : undefined
  if (!isSeq(steps)) return []
  return steps.items.filter(isMap).map((step) => {
    const uses = step.get('uses', true)
    const inputs = map(step.get('with', true)).map(([name, value, key]) => {
      return [name, { value: isScalar(value) ? value.value : value.toJSON(), line: lineOf(key) }] as const
    })
    return {
      line: lineOf(step),
      id: text(step, 'id'),
      uses: text(step, 'uses'),
      usesComment: (isScalar(uses) && uses.comment?.trim()) || '',
      run: text(step, 'run'),
      with: new Map(inputs),
      env: new Map(Object.entries((plain(step, 'env') as Record<string, unknown> | undefined) ?? {})),
    }
  })
}

/** A mapping's entries with the node of each key; none of what is no mapping. */
function map(node: unknown): [name: string, value: Node, key: Node][] {
  if (!isMap<Node, Node>(node)) return []
  return node.items.flatMap(({ key, value }) => (value ? [[String(key), value, key]] : []))
}

function keysOf(node: unknown): Set<string> {
  return new Set(isMap(node) ? node.items.map(({ key }) => String(key)) : [])
}

function plain(node: unknown, key: string): unknown {
  return isMap(node) ? (node as YAMLMap).toJSON()[key] : undefined
}

function text(step: YAMLMap, key: string): string | undefined {
  const value = step.get(key)
  return typeof value === 'string' ? value : undefined
}

/** The names in what may be one name, a list of them, or a mapping by them. */
function names(node: unknown): string[] {
  if (isScalar(node)) return [String(node.value)]
  if (isSeq(node)) return node.items.map(String)
  return [...keysOf(node)]
}
