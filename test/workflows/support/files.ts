import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')

/** The project's own workflows. */
export const OWN_WORKFLOWS = find('.github/workflows/*.{yml,yaml}')
/** Those that users copy. */
export const EXAMPLE_WORKFLOWS = find('examples/**/.github/workflows/*.{yml,yaml}')
/** What users read. */
export const PAGES = find('*.md', 'docs/**/*.md', 'clients/**/*.md', 'examples/**/*.md', '.github/**/*.md')

/** A file of the repository as text. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

export function exists(path: string): boolean {
  return existsSync(join(ROOT, path))
}

function find(...patterns: readonly string[]): string[] {
  // A pattern's * passes over folders that begin with a dot unless they are named.
  const found = globSync([...patterns], {
    cwd: ROOT,
    exclude: (path) => /(^|\/)node_modules(\/|$)/.test(path),
  })
  return found.map((path) => path.replaceAll('\\', '/')).sort()
}
