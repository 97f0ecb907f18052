import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, type Link, linksOf, PAGES, ROOT, read } from './support/pages.ts'

describe.each(PAGES)('%s', (page) => {
  it('has links that lead somewhere', () => {
    const text = read(page)
    const broken = linksOf(text).flatMap((link) => {
      const why = faultOf(page, link)
      return why ? [`${page}:${link.line}: ${link.target} ${why}`] : []
    })
    expect(broken).toEqual([])
  })
})

it('docs/README.md leads to every page of docs/', () => {
  const linked = new Set(
    linksOf(read('docs/README.md')).map(({ target }) => normalize(join('docs', target.replace(/#.*/, '')))),
  )
  const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md')
  expect(pages.filter((page) => !linked.has(page))).toEqual([])
})

it('headings have the anchors that GitHub gives them', () => {
  const text = [
    '# A `deploy-gate run`: x & y',
    '## Two',
    '## Two',
    '```',
    '# no heading',
    '```',
    '## [Zoë](b.md) 2',
  ].join('\n')
  expect([...anchorsOf(text)]).toEqual(['a-deploy-gate-run-x--y', 'two', 'two-1', 'zoë-2'])
})

it('a link is seen in Markdown and in HTML, and none in code', () => {
  const text = '[a](b.md "c") `[d](e.md)`\n```\n[f](g.md)\n```\n<source srcset="h.png"> [i](<j.md#k>)'
  expect(linksOf(text)).toEqual([
    { target: 'b.md', line: 1 },
    { target: 'j.md#k', line: 5 },
    { target: 'h.png', line: 5 },
  ])
})

/** What is wrong with a link; `undefined` when nothing is, or when it leads out of the repository. */
function faultOf(page: string, { target }: Link): string | undefined {
  if (/^(https:|mailto:)/.test(target)) return undefined
  if (/^[a-z]+:|^\//i.test(target)) return 'is neither relative nor of https'
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : join(dirname(page), decodeURIComponent(path))
  if (file.startsWith('..')) return 'leads out of the repository'
  if (!isThere(file)) return 'is not there'
  if (anchor === undefined || anchor === '') return undefined
  if (!file.endsWith('.md'))
    return /^L\d+(-L\d+)?$/.test(anchor) ? undefined : 'has an anchor in what is no page'
  return anchorsOf(read(file)).has(anchor) ? undefined : 'leads to a heading that is not there'
}

/** In just this spelling, also where the file system does not care. */
function isThere(file: string): boolean {
  const path = join(ROOT, file)
  const found = statSync(path, { throwIfNoEntry: false })
  return (
    found !== undefined && (normalize(file) === '.' || readdirSync(dirname(path)).includes(basename(path)))
  )
}
