/**
 * Writes the generated parts of the documentation: `node script/docs.ts [--check]`. With --check it changes nothing, and fails if one of
 * them is out of date.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'

interface Described {
  readonly description: string
  readonly required?: boolean
  readonly default?: string
}

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const { inputs, outputs } = parse(read('action.yml')) as Record<
  'inputs' | 'outputs',
  Record<string, Described>
>

write('README.md', {
  inputs: table(
    ['input', 'default', ''],
    Object.entries(inputs).map(([name, input]) => [
      `\`${name}\``,
      input.required ? '**required**' : input.default ? `\`${input.default}\`` : '',
      linked(input.description),
    ]),
  ),
  outputs: table(
    ['output', ''],
    Object.entries(outputs).map(([name, { description }]) => [`\`${name}\``, linked(description)]),
  ),
})
write('docs/README.md', {
  decisions: table(
    ['', ''],
    readdirSync(join(root, 'docs/adr'))
      .sort()
      .map((name) => {
        const [, number = '', title = ''] = /^# (\d+)\. (.*)/.exec(read(`docs/adr/${name}`)) ?? []
        return [number, `[${title}](adr/${name})`]
      }),
  ),
})

function write(path: string, parts: Readonly<Record<string, string>>): void {
  const before = read(path)
  const after = Object.entries(parts).reduce((text, [name, part]) => replaced(path, text, name, part), before)
  if (after === before) return
  if (values.check) {
    console.error(`${path} is not what it is made from. Write it anew: node script/docs.ts`)
    process.exitCode = 1
  } else writeFileSync(join(root, path), after)
}

/** @throws Error when the markers of the part are missing */
function replaced(path: string, text: string, name: string, part: string): string {
  const [begin, end] = [`<!-- begin: script/docs ${name} -->`, `<!-- end: script/docs ${name} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${path} lacks ${begin} or, after it, ${end}.`)
  return `${text.slice(0, from)}${begin}\n\n${part}\n\n${text.slice(to)}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

/** GitHub shows the descriptions of action.yml as plain text; a page that they name is a link here. */
function linked(description: string): string {
  return description.replace(/docs\/([a-z-]+)\.md/g, '[docs/$1.md](docs/$1.md)')
}
