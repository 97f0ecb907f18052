import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const EXAMPLES = join(import.meta.dirname, '../../examples')

/** What an example's README says that one sees in a deploy. */
export interface Shown {
  /** lines of the step's log */
  readonly step: readonly string[]
  /** lines of the app's log, with the release before them: `v1: export 20:00:09 started` */
  readonly app: readonly string[]
}

/** @throws Error when there are not two texts or more under "See it", the last of them from the app's log */
export function readShown(example: string): Shown {
  const readme = readFileSync(join(EXAMPLES, example, 'README.md'), 'utf8')
  const section = /^## See it\n(.*?)^## /ms.exec(readme)?.[1] ?? ''
  const texts = [...section.matchAll(/^```\n(.*?)\n```$/gms)].map(([, text = '']) => text.split('\n'))
  const app = texts.pop()
  if (app === undefined || texts.length === 0) throw new Error(`The README of ${example} shows no logs.`)
  return { step: texts.flat().filter((line) => line !== '…'), app }
}

/** Those of `wanted` that don't come in `lines` in their order. Commits, times, process ids and durations may differ. */
export function missing(wanted: readonly string[], lines: readonly string[]): string[] {
  const left = lines.map(general)
  return wanted.filter((line) => {
    const at = left.indexOf(general(line))
    left.splice(0, at + 1)
    return at < 0
  })
}

function general(line: string): string {
  return line
    .replace(/\b[0-9a-f]{8}\b/g, '<commit>')
    .replace(/#\d+/, '#<pid>')
    .replace(/\d{2,}/g, '<number>')
}

/** The lines of an example's files, without its README, that are marked as the gate's. */
export function gateLines(example: string): string[] {
  const folder = join(EXAMPLES, example)
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'README.md' && !entry.name.endsWith('.pyc'))
    .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n'))
    .filter((line) => /(#|\/\/) gate$/.test(line))
}
