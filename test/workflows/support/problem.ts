/** What is wrong in a text, and on which of its lines, counted from 1. */
export interface Problem {
  readonly line: number
  readonly message: string
}

/** Problems as a person reads them: `docs/heroku.md:61: …`. @param before lines of the file above the text's first one */
export function told(file: string, problems: readonly Problem[], before = 0): string[] {
  return [...problems]
    .sort((one, other) => one.line - other.line)
    .map(({ line, message }) => `${file}:${line + before}: ${message}`)
}

/** An expression as a workflow writes it. */
export function expression(text: string): string {
  return `\${{ ${text} }}`
}
