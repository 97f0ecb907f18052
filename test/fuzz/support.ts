import fc from 'fast-check'
import { HOSTILE } from '../support/hostile.ts'

/** Text of any characters, halves of them included, with what is obeyed somewhere in it. fast-check prints the seed of a failure. */
export const anyText = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
      fc.constantFrom(...HOSTILE.map(([, text]) => text.slice(0, 3_000))),
      fc.string({
        unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
        maxLength: 20,
      }),
    ),
    { maxLength: 5 },
  )
  .map((pieces) => pieces.join(''))

/** Any value that JSON can hold, of any size and depth that a parser lets through. */
export const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  anyText,
  fc.constantFrom<unknown>(
    [],
    {},
    null,
    1e300,
    -1,
    { __proto__: null },
    JSON.parse(`${'['.repeat(1_000)}${']'.repeat(1_000)}`),
  ),
)

/** An object of the given fields, each now and then of its right kind, missing, or anything at all. */
export function objectOf(
  fields: Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<Record<string, unknown>> {
  const loose = Object.fromEntries(
    Object.entries(fields).map(([name, right]) => [name, fc.oneof({ weight: 4, arbitrary: right }, anyJson)]),
  )
  return fc.record(loose, { requiredKeys: [] })
}

/** What `work` throws; `undefined` if it throws nothing. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}
