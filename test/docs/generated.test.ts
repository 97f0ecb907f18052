import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { OUTCOMES } from '../../src/outcome.ts'
import { PAGES, ROOT, read } from './support/pages.ts'

it('the generated parts are those that script/docs.ts makes', () => {
  execFileSync(process.execPath, [join(ROOT, 'script/docs.ts'), '--check'], { stdio: 'inherit' })
})

it("the README's table of faults knows the outcomes that there are", () => {
  const rows = [...read('README.md').matchAll(/^\| .* \| ((?:`[a-z-]+`(?:, )?)+) \|$/gm)]
  const named = rows.flatMap(([, cell = '']) => [...cell.matchAll(/[a-z-]+/g)].map(([word]) => word))
  expect(named.length).toBeGreaterThan(8)
  expect(named.filter((word) => !OUTCOMES.some((outcome) => outcome === word))).toEqual([])
})

it('the README counts as many stories as the table of faults', () => {
  const counted = (page: string) => /\b(\d+) stories\b/.exec(read(page))?.[1] ?? page
  expect(counted('README.md')).toBe(counted('docs/reliability.md'))
})

it('all pages name the same version of the action', () => {
  const major = /^\d+/.exec(JSON.parse(read('package.json')).version)?.[0]
  const others = PAGES.flatMap((page) =>
    [...read(page).matchAll(/heroku-deploy-gate\/heroku-deploy-gate@(v\S+?)\b/g)]
      .filter(([, version]) => version !== `v${major}`)
      .map(([use]) => `${page}: ${use}`),
  )
  expect(others).toEqual([])
})
