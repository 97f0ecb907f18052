import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
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

it('the ways over from another action name inputs and outputs that there are', () => {
  const { inputs, outputs } = parse(read('action.yml'))
  const rows = [...read('docs/migrating.md').matchAll(/^\| `.*?\| (.*?) \|/gm)].map(([, here = '']) => here)
  const named = rows.flatMap((here) => [...here.matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => name))
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter((name) => !(name in inputs) && !(name in outputs))).toEqual([])
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
