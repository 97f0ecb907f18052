import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../../..')

/** Every page of the repository, as a path from its root with slashes. */
export const PAGES: readonly string[] = globSync('**/*.md', {
  cwd: ROOT,
  exclude: (name) => ['node_modules', 'dist', 'lib', '.cache', '.git'].includes(name),
})
  .map((path) => path.replaceAll('\\', '/'))
  .sort()

export const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** A block of code in a page. */
export interface Block {
  readonly language: string
  readonly code: string
  /** of its first line of code */
  readonly line: number
}

/** The blocks of code of a page, without the indentation that they have in a list. */
export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^( *)```([\w-]*)\n([\s\S]*?)^ *```$/gm)].map((found) => {
    const [, indent = '', language = '', code = ''] = found
    const line = text.slice(0, found.index).split('\n').length + 1
    return { language, code: code.replace(new RegExp(`^${indent}`, 'gm'), ''), line }
  })
}

/** The page without its code, in which no link is one; lines keep their numbers. */
export function proseOf(text: string): string {
  const blank = (code: string) => code.replace(/[^\n]/g, ' ')
  return text.replace(/^( *)```[\s\S]*?^ *```$/gm, blank).replace(/(`+)[^`\n]+?\1/g, blank)
}

/** What a link within a page can lead to, as GitHub names headings. */
export function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>()
  // Code counts in headings, so only blocks of it are taken out.
  const headings = text.replace(/^( *)```[\s\S]*?^ *```$/gm, '').matchAll(/^#{1,6} +(.+?) *#*$/gm)
  const anchors = new Set([...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = '']) => id))
  for (const [, heading = ''] of headings) {
    const name = heading
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(name) ?? 0
    seen.set(name, times + 1)
    anchors.add(times === 0 ? name : `${name}-${times}`)
  }
  return anchors
}

/** A link or a picture in a page. */
export interface Link {
  readonly target: string
  readonly line: number
}

/** All links of a page: Markdown's own, and those of its HTML. */
export function linksOf(text: string): Link[] {
  const prose = proseOf(text)
  const found = [
    ...prose.matchAll(/\]\(<?([^()\s>]+(?:\([^()\s]*\))?)>?(?: "[^"]*")?\)/g),
    ...prose.matchAll(/^\[[^\]]+\]: +<?(\S+?)>?$/gm),
    ...prose.matchAll(/\b(?:href|src|srcset)="([^"\s]+)/g),
  ]
  return found.map(({ 1: target = '', index }) => ({
    target,
    line: prose.slice(0, index).split('\n').length,
  }))
}
