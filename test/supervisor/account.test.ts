import { describe, expect, it } from 'vitest'
import { Account, STDOUT_PREFIX } from '../../src/supervisor/account.ts'
import { LONGEST_LINE } from '../../src/supervisor/line-reader.ts'

function open(prefix = '') {
  let garbage = 0
  const account = new Account(prefix, () => garbage++)
  return {
    account,
    says: (...lines: string[]) => account.write(Buffer.from(lines.map((line) => `${line}\n`).join(''))),
    get garbage() {
      return garbage
    },
  }
}

describe('what a program says of its jobs', () => {
  it('is nothing to begin with', () => {
    expect(open().account.progress).toEqual({ finished: 0, stored: 0 })
  })

  it('stands until it says something else, field by field', () => {
    const { account, says } = open()
    says('{"running":2,"note":"export of 12:05"}', '{"finished":1}', '{"running":1,"unknown":[]}')
    expect(account.progress).toEqual({ running: 1, finished: 1, stored: 0, note: 'export of 12:05' })
  })

  it('is counted from the beginning of a drain', () => {
    const { account, says } = open()
    says('{"running":1,"finished":7,"stored":2}')
    account.beginDrain()
    expect(account.progress).toEqual({ running: 1, finished: 0, stored: 0 })
    says('{"running":0,"finished":8,"stored":2}')
    expect(account.progress).toEqual({ running: 0, finished: 1, stored: 0 })
    account.beginDrain()
    says('{"stored":3}')
    expect(account.progress).toEqual({ running: 0, finished: 0, stored: 1 })
  })

  it('may be counted anew by the program itself, at the drain or at any time', () => {
    const { account, says } = open()
    says('{"finished":7,"stored":2}')
    account.beginDrain()
    says('{"finished":0,"stored":0}', '{"finished":2,"stored":1}')
    expect(account.progress).toEqual({ finished: 2, stored: 1 })
  })

  it('counts also when it comes in pieces, and at the end without a line break', () => {
    const { account } = open()
    for (const piece of ['{"fini', 'shed"', ':4}\n{"run', 'ning":3}']) account.write(Buffer.from(piece))
    expect(account.progress).toEqual({ finished: 4, stored: 0 })
    account.end()
    expect(account.progress).toEqual({ running: 3, finished: 4, stored: 0 })
  })

  it.each([
    'running: 1',
    '{"running":1',
    'null',
    '[{"running":1}]',
    '1',
    '{}',
    '{"jobs":1}',
    '{"running":-1}',
    '{"running":1.5}',
    '{"running":"1"}',
    '{"running":1,"finished":null}',
    '{"running":1e999}',
    '{"running":1,"note":5}',
    `{"note":"${'x'.repeat(LONGEST_LINE)}"}`,
  ])('is ignored as a whole when it is not understood: %.40s', (line) => {
    const it = open()
    it.says(line)
    expect(it.garbage).toBe(1)
    expect(it.account.progress).toEqual({ finished: 0, stored: 0 })
    it.says('{"running":9}')
    expect(it.account.progress).toMatchObject({ running: 9 })
  })

  it('may be as long as the longest line, and not a byte longer', () => {
    const filled = (length: number) =>
      `{"running":1,"note":"${'x'.repeat(length - '{"running":1,"note":""}'.length)}"}`
    const it = open()
    it.says(filled(LONGEST_LINE + 1))
    expect([it.garbage, it.account.progress.running]).toEqual([1, undefined])
    it.says(filled(LONGEST_LINE))
    expect([it.garbage, it.account.progress.running]).toEqual([1, 1])
  })

  it('is not an empty line', () => {
    const it = open()
    it.says('', ' ', '\r')
    expect(it.garbage).toBe(0)
  })
})

describe('on standard output', () => {
  it('only lines that begin so are meant', () => {
    const it = open(STDOUT_PREFIX)
    it.says('{"running":1}', ' deploy-gate: {"running":2}', 'deploy-gate:{"running":3}', 'x'.repeat(1 << 20))
    expect([it.garbage, it.account.progress.running]).toEqual([0, undefined])
    it.says('deploy-gate: {"running":4}\r')
    expect([it.garbage, it.account.progress.running]).toEqual([0, 4])
    it.says('deploy-gate: soon', `deploy-gate: ${'x'.repeat(1 << 20)}`)
    expect([it.garbage, it.account.progress.running]).toEqual([2, 4])
  })
})
