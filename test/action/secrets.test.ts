import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { hideSecrets, hideSecretsIn, maskSecret } from '../../src/action/secrets.ts'

let written: string[]
beforeEach(() => {
  written = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
})
afterEach(() => vi.restoreAllMocks())

it('masks each line of a secret by itself, once, and no empty one', () => {
  maskSecret('one\r\n\n  \ntwo%')
  maskSecret('one')
  expect(written).toEqual(['::add-mask::one\n', '::add-mask::two%25\n'])
})

it('hides the longer of two secrets first, of which one is a part of the other', () => {
  maskSecret('deployed')
  maskSecret('redis://:deployed@host')
  expect(hideSecrets('redis://:deployed@host and deployed')).toBe('*** and ***')
})

it('hides secrets at every depth, and leaves the words that the program itself goes by', () => {
  const report = {
    outcome: 'deployed',
    message: 'deployed',
    participants: [{ note: 'not deployed', lost: 0 }],
  }
  expect(hideSecretsIn(report)).toEqual({
    outcome: 'deployed',
    message: '***',
    participants: [{ note: 'not ***', lost: 0 }],
  })
})
