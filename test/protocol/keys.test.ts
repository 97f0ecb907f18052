import { describe, expect, it } from 'vitest'
import { gateKeys, isGateName } from '../../src/protocol/keys.ts'

describe('gate keys', () => {
  it('share one hash tag', () => {
    const tags = Object.values(gateKeys('staging')).map((key) => /\{(.*?)\}/.exec(key)?.[1])
    expect(tags).toEqual(Array(6).fill('staging'))
  })

  it.each(['', 'a{b', 'a}b', 'a b', '.a', 'x'.repeat(65), 'a\n'])(
    'refuse the name %j, and say what is accepted',
    (name) => {
      expect(isGateName(name)).toBe(false)
      expect(() => gateKeys(name)).toThrow(/expected 1 to 64 letters/)
    },
  )

  it.each(['default', 'a', 'shop.eu-1_x', 'x'.repeat(64)])('accept the name %j', (name) => {
    expect(gateKeys(name).intent).toBe(`deploy-gate:{${name}}:intent`)
  })
})
