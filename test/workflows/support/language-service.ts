import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { validate as Validate } from '@actions/languageservice'
import { build } from 'esbuild'
import type { TextDocument as Documents } from 'vscode-languageserver-textdocument'
import type { Problem } from './problem.ts'

/** GitHub's own checker of workflows and of action.yml, the one in its editors. */
export interface LanguageService {
  check(kind: 'workflow' | 'action', text: string): Promise<Problem[]>
}

interface Bundled {
  readonly validate: typeof Validate
  readonly TextDocument: typeof Documents
}

const ROOT = join(import.meta.dirname, '../../..')
const ENTRY = `
export { validate } from '@actions/languageservice'
export { TextDocument } from 'vscode-languageserver-textdocument'`
/** As the editors number them: errors and warnings, not what is only told. */
const WARNING = 2

/** Loads it as one bundle: its files import JSON in a way that Node refuses. */
export async function openLanguageService(): Promise<LanguageService> {
  const folder = await mkdtemp(join(tmpdir(), 'gate-language-service-'))
  const { validate, TextDocument } = await load(folder).finally(() => rm(folder, { recursive: true }))
  let texts = 0
  return {
    async check(kind, text) {
      // What it parsed it keeps by address: each text has one of its own. The file's name tells it the kind.
      const address = `file:///${++texts}/${kind === 'action' ? 'action.yml' : '.github/workflows/workflow.yml'}`
      const found = await validate(TextDocument.create(address, 'yaml', 1, text))
      return found
        .filter(({ severity = 1 }) => severity <= WARNING)
        .map(({ message, range }) => ({
          line: range.start.line + 1,
          message: `${message} (language service)`,
        }))
    },
  }
}

async function load(folder: string): Promise<Bundled> {
  const outfile = join(folder, 'language-service.mjs')
  await build({
    ...{ stdin: { contents: ENTRY, resolveDir: ROOT }, outfile },
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node24', logLevel: 'error' },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
  return import(pathToFileURL(outfile).href)
}
