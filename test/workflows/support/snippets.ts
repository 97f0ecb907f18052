/** A block of YAML in a Markdown file, without the indentation that all its lines have. */
export interface Snippet {
  /** the line of its opening fence, counted from 1 */
  readonly line: number
  readonly text: string
  /** what stands behind `yaml` on the opening fence: what kind of YAML it is, when it is of no workflow */
  readonly mark: string
}

/** A block that holds a workflow and doesn't say that it is YAML would be looked at by nobody. */
const UNSAID = /^\s*(- )?uses: \S/m

/**
 * The blocks of YAML in a text of Markdown.
 * @throws Error when a block's fence is left open, or a block of another language has a step of a workflow in it
 */
export function snippetsOf(markdown: string): Snippet[] {
  const lines = markdown.split('\n')
  const snippets: Snippet[] = []
  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', fence, language = '', mark = ''] =
      /^([ >]*)(`{3,}|~{3,})\s*(\S*)\s*(.*?)\s*$/.exec(lines[at] ?? '') ?? []
    if (fence === undefined) continue
    const end = lines.findIndex((line, index) => index > at && line.slice(indent.length).trim() === fence)
    if (end < 0) throw new Error(`line ${at + 1}: the block's fence is never closed`)
    const text = dedent(lines.slice(at + 1, end))
    if (/^ya?ml$/i.test(language)) snippets.push({ line: at + 1, text, mark })
    else if (UNSAID.test(text))
      throw new Error(`line ${at + 1}: a step of a workflow in a block that is not marked yaml`)
    at = end
  }
  return snippets
}

function dedent(lines: readonly string[]): string {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)?.[0].length ?? 0)
  const common = Math.min(...indents)
  return lines.map((line) => `${line.slice(common)}\n`).join('')
}
