import { expect, it } from 'vitest'
import { createLineSplitter } from '../../src/process/lines.ts'

function split(...pieces: (string | Buffer)[]): string[] {
  const lines: string[] = []
  const splitter = createLineSplitter((line) => lines.push(line))
  for (const piece of pieces) splitter.write(Buffer.from(piece))
  splitter.end()
  return lines
}

it.each([
  ['at line breaks, whatever the pieces', ['on', 'e\ntw', 'o\n'], ['one', 'two']],
  ['also the last line without one', ['one\ntwo'], ['one', 'two']],
  ['at carriage returns, where progress is drawn over itself', [' 50%\r', '100%\r\n'], [' 50%', '100%']],
  ['and drops empty lines and trailing blanks', ['\n\none  \n \t\n'], ['one']],
  ['and keeps leading blanks', ['remote:        Released v43\n'], ['remote:        Released v43']],
  ['nothing into nothing', [], []],
])('cuts %s', (_name, pieces, lines) => {
  expect(split(...pieces)).toEqual(lines)
})

it('keeps characters whole that come in two pieces', () => {
  const text = Buffer.from('----> naïve ✓ 🚀\n')
  for (let cut = 1; cut < text.length; cut++) {
    expect(split(text.subarray(0, cut), text.subarray(cut))).toEqual(['----> naïve ✓ 🚀'])
  }
})

it('hands a line over before the stream ends', () => {
  const lines: string[] = []
  createLineSplitter((line) => lines.push(line)).write(Buffer.from('one\ntwo'))
  expect(lines).toEqual(['one'])
})

it('gives of a line that is too long the beginning alone: its remainder would pass for a line of its own', () => {
  const lines: string[] = []
  const splitter = createLineSplitter((line) => lines.push(line))
  for (let i = 0; i < 100; i++) splitter.write(Buffer.alloc(1_000, 'x'))
  expect(lines).toEqual(['x'.repeat(8_192)])
  splitter.write(Buffer.from('::error::y\rnext\n'))
  splitter.end()
  expect(lines.slice(1)).toEqual(['next'])
})
