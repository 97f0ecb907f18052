import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { DEFAULTS } from '../../src/action/input-names.ts'
import { writePessimisticOutputs } from '../../src/action/outputs.ts'
import { OUTCOMES } from '../../src/outcome.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const action = parse(read('action.yml'))

it('action.yml has the inputs that are read, with the defaults that are used', () => {
  const declared = Object.entries<{ default?: string }>(action.inputs)
  expect(Object.fromEntries(declared.map(([name, input]) => [name, input.default ?? '']))).toEqual(DEFAULTS)
})

it('action.yml has the outputs that are written', () => {
  const written: string[] = []
  writePessimisticOutputs((name) => written.push(name))
  expect(Object.keys(action.outputs)).toEqual(written)
})

it('docs/outcomes.md explains exactly the outcomes that there are', () => {
  const explained = [...read('docs/outcomes.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name)
  expect(explained).toEqual(OUTCOMES)
})
