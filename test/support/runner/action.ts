import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** What the runner takes from an action.yml. */
export interface ActionManifest {
  /** name → default; empty where there is none, as the runner passes it */
  readonly inputs: ReadonlyMap<string, string>
  /** file of the step */
  readonly main: string
  /** file of the post step, if there is one */
  readonly post: string | undefined
}

interface ActionYaml {
  inputs?: Record<string, { default?: string | number | boolean } | null>
  runs?: { using?: string; main?: string; post?: string }
}

/**
 * Reads `action.yml` of the folder.
 * @throws Error when it is not a JavaScript action, or has an expression as default, which nobody evaluates here
 */
export function readAction(folder: string): ActionManifest {
  const file = join(folder, 'action.yml')
  const { inputs = {}, runs = {} } = parse(readFileSync(file, 'utf8')) as ActionYaml
  if (!/^node\d+$/.test(runs.using ?? '') || !runs.main) {
    throw new Error(
      `${file}: runs.using is not node…, or runs.main is missing: this runner runs nothing else.`,
    )
  }
  const defaults = Object.entries(inputs).map(([name, input]): [string, string] => {
    const text = String(input?.default ?? '')
    if (text.includes('${{'))
      throw new Error(`${file}: the default of ${name} is an expression: not evaluated here.`)
    return [name, text]
  })
  return {
    inputs: new Map(defaults),
    main: join(folder, runs.main),
    post: runs.post === undefined ? undefined : join(folder, runs.post),
  }
}

/** The variable in which an action finds an input: upper case, spaces as underscores, hyphens as they are. */
export function inputVariable(name: string): string {
  return `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`
}
