import { describe, expect, it } from 'vitest'
import { isoTime, jsonLine } from '../../src/cli/print.ts'

describe('a line of JSON', () => {
  it('holds nothing that a terminal would obey, and still says the same', () => {
    const note = 'a\u001b[2Jb\u009b31mc\u202ed\u2028e\u{e0001}f\u00adg\nh'
    const line = jsonLine({ note })
    expect(line).toMatch(/^[\x20-\x7e]*\n$/)
    expect(JSON.parse(line)).toEqual({ note })
  })

  it('leaves letters as they are', () => {
    expect(jsonLine({ name: 'Zoë 仕事 🙂' })).toBe('{"name":"Zoë 仕事 🙂"}\n')
  })
})

it.each([
  [1_700_000_000_123, '2023-11-14T22:13:20.123Z'],
  [undefined, undefined],
  [1e300, undefined],
  [Number.NaN, undefined],
])('%s is the moment %s', (ms, text) => {
  expect(isoTime(ms)).toBe(text)
})
