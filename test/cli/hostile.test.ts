import { stripVTControlCharacters } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { jsonLine, stderrLog } from '../../src/cli/print.ts'
import { newsOf, statusOf } from '../../src/cli/status-json.ts'
import { renderStatus } from '../../src/cli/status-table.ts'
import type { View } from '../../src/protocol/look.ts'
import { parseRow } from '../../src/protocol/row.ts'
import { logTo, Output } from '../../src/supervisor/output.ts'
import { systemTime } from '../../src/time.ts'
import { HOSTILE, INERT } from '../support/hostile.ts'

afterEach(() => vi.restoreAllMocks())

const NOW = 1_764_061_835_170

/** A gate in which everything that others write is `text`. */
function viewOf(text: string): View {
  const row = {
    ...{ v: '1', type: 'clock', dyno: 'clock.1', state: 'draining', running: 1 },
    ...{ joined: NOW - 1_000, seen: NOW, until: NOW + 9_000 },
  }
  const words = { type: text, dyno: text, app: text, release: text, note: text, epoch: text, after: text }
  const rows = [
    { ...row, note: text, release: text },
    { ...row, v: text },
    { ...row, ...words },
  ].flatMap((fields, at) => parseRow(`${text}${at}`, JSON.stringify(fields)) ?? [])
  return {
    now: NOW,
    intent: {
      ...{ v: text || '1', id: text, epoch: text, phase: 'draining', leaseMs: 60_000, expiry: NOW + 9_000 },
      ...{ began: NOW - 1_000, replaces: text, targets: [text] },
      asker: JSON.stringify({ name: text, runUrl: text, commit: text, app: text }),
    },
    rows,
  }
}

describe.each(HOSTILE)('%s in a text from outside', (_does, text) => {
  it.each([Number.POSITIVE_INFINITY, 80, 20])('is inert on a terminal of %s columns', (columns) => {
    const view = viewOf(text)
    expect(view.rows.length).toBeGreaterThan(0)
    const plain = renderStatus(view, 'default', { columns, colour: false })
    for (const line of plain) {
      expect(line).toMatch(INERT)
      expect([...line].length).toBeLessThanOrEqual(columns)
    }
    // Its own colours stand around whole lines.
    const coloured = renderStatus(view, 'default', { columns, colour: true })
    expect(coloured.map(stripVTControlCharacters)).toEqual(plain)
    expect(coloured.every((line) => line.split('\u001b').length <= 3)).toBe(true)
  })

  it('says the same as JSON, on one line', () => {
    const status = statusOf(viewOf(text), 'default')
    const line = jsonLine(status)
    expect(line.slice(0, -1)).toMatch(INERT)
    expect(line.endsWith('\n')).toBe(true)
    expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(status)))
    expect(newsOf(status)).not.toContain('\n')
  })

  it('is one inert line of what a command says, and of what the supervisor says', async () => {
    const written: string[] = []
    vi.spyOn(process.stderr, 'write').mockImplementation((line) => written.push(String(line)) > 0)
    stderrLog.info(text)
    stderrLog.warning(text)
    const output = new Output(2, systemTime)
    vi.spyOn(output, 'write').mockImplementation(async (chunk) => void written.push(String(chunk)))
    logTo(output).warning(text)
    vi.restoreAllMocks()
    expect(written).toHaveLength(3)
    for (const line of written) expect(line.slice(0, -1)).toMatch(INERT)
  })
})
