import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = join(import.meta.dirname, '../../docs/reliability.md')
const [BEGIN, END] = ['<!-- begin: script/faults -->', '<!-- end: script/faults -->']

/** The generated part of docs/reliability.md. */
export function readTable(): string {
  const text = readFileSync(FILE, 'utf8')
  return text.slice(text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END))
}

export function writeTable(table: string): void {
  const text = readFileSync(FILE, 'utf8')
  const [before, after] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))]
  writeFileSync(FILE, `${before}${BEGIN}\n\n${table}\n${after}`)
}
