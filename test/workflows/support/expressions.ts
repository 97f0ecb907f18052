/** What expressions may name: `matrix.scene`, `steps.gate.outputs.release`. */
export type Contexts = { readonly [name: string]: Contexts | string }

/**
 * A text with the values of its expressions: paths into the contexts, as `a.b` and `a['b']`, and `toJSON` of them. A path that leads nowhere is
 * empty, as it is at GitHub.
 * @throws Error on any other expression
 */
export function evaluate(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    const [, json] = /^toJSON\((.*)\)$/.exec(expression) ?? []
    const path = json ?? expression
    if (!/^[\w-]+(\.[\w-]+|\['[^']+'\])*$/.test(path))
      throw new Error(`"${expression}" is not evaluated here.`)
    let value: Contexts | string | undefined = contexts
    for (const [name] of path.matchAll(/[\w-]+/g)) value = typeof value === 'object' ? value[name] : undefined
    return json === undefined ? String(value ?? '') : JSON.stringify(value ?? null)
  })
}
