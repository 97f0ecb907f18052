/**
 * Writes the script that every participant runs to where each client needs it: `node script/clients.ts`, or with `--check` names
 * the files that differ and ends with 1. Its one home is src/protocol/scripts/.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const scripts = join(root, 'src/protocol/scripts')
const read = (name: string) => readFileSync(join(scripts, name), 'utf8')
// As src/protocol/script.ts joins them: the text's SHA-1 is the server's name for it.
const beat = `${read('prelude.lua')}\n${read('beat.lua')}`

/** Whole files, or the text between two marker lines of one. */
const PLACES: Record<string, (now: string) => string> = {
  'clients/beat.lua': () => beat,
  'examples/perl-listener/beat.lua': () => beat,
  'clients/python/deploy_gate.py': (now) => between(now, `_BEAT = r"""${beat}"""\n`),
  // A quoted heredoc is the text as it stands, to the last line break.
  'clients/ruby/deploy_gate.rb': (now) => between(now, `BEAT = <<'LUA'\n${beat}LUA\n`),
}

const different = Object.entries(PLACES).flatMap(([name, write]) => {
  const path = join(root, name)
  const now = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const wanted = write(now)
  return now === wanted ? [] : [{ name, path, wanted }]
})
if (!process.argv.includes('--check')) {
  for (const { path, wanted } of different) writeFileSync(path, wanted)
  console.log(different.length > 0 ? `wrote ${names()}` : 'every client has the beat script')
} else if (different.length > 0) {
  console.error(`Not the beat script of src/protocol/scripts/: ${names()}. Run \`node script/clients.ts\`.`)
  process.exitCode = 1
}

function names(): string {
  return different.map(({ name }) => name).join(', ')
}

/** `text` with `body` between the lines that mark its place, as far in as the first of them. */
function between(text: string, body: string): string {
  const marked = /^([ \t]*)# --- beat\.lua: begin.*\n([\s\S]*?)^[ \t]*# --- beat\.lua: end/m.exec(text)
  if (!marked)
    throw new Error('the marker lines "# --- beat.lua: begin" and "# --- beat.lua: end" are missing')
  const [whole, indent = '', old = ''] = marked
  const start = marked.index + whole.indexOf('\n') + 1
  return `${text.slice(0, start)}${indent}${body}${text.slice(start + old.length)}`
}
