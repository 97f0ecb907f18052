import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chartName, logLine, markdown } from '../../src/action/escape.ts'
import { eventLine, isEvent, readEvent, readOrder } from '../../src/deploy/attended.ts'
import { inertJson } from '../../src/json.ts'
import { oneLine } from '../../src/one-line.ts'
import { quote } from '../../src/quote.ts'
import { INERT } from '../support/hostile.ts'
import { parseCommand } from '../support/runner/workflow-command.ts'
import { anyJson, anyText } from './support.ts'

it('a line is one line, inert, bounded, and itself when it is shown again', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 300 }), (text, longest) => {
      const line = oneLine(text, longest)
      expect(line).toMatch(INERT)
      expect([...line].length).toBeLessThanOrEqual(longest)
      expect(oneLine(line, longest)).toBe(line)
    }),
    { numRuns: 2_000 },
  )
})

it('a line of the log is no command', () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom('', '::', '##[', ' ', ':', '#'), (text, before) => {
      expect(parseCommand(logLine(before + text))).toBeUndefined()
    }),
    { numRuns: 2_000 },
  )
})

it('markdown shows the line, and has nothing in it but words and entities', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const escaped = markdown(text)
      expect(escaped).toMatch(/^(?:[^\\`*_{}[\]()#+\-.!|<>&~@:$=\n]|&(?:#\d+|amp|lt|gt);|<span>@<\/span>)*$/u)
      const shown = escaped
        .replace(/<span>@<\/span>/g, '@')
        .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&amp;', '&')
      expect(shown).toBe(oneLine(text, 300).trimStart())
    }),
    { numRuns: 2_000 },
  )
})

it('a name in a chart has no sign of mermaid, and is never empty', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(chartName(text)).toMatch(/^[\p{L}\p{N}._/=+?-][\p{L}\p{N} ._/=+…-]*$/u)
    }),
    { numRuns: 2_000 },
  )
})

it('JSON says the same as it was given, in characters that nobody obeys', () => {
  fc.assert(
    fc.property(fc.oneof(anyJson, anyText), (value) => {
      const line = inertJson(value, "'")
      expect(line).toMatch(INERT)
      expect(line).not.toContain("'")
      expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
    { numRuns: 1_000 },
  )
})

it('a quoted text has an end', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(quote(text).length).toBeLessThan(700)
      expect(quote(text)).not.toContain('\n')
    }),
  )
})

it('an event of an attended drain is a line that a dyno shows whole, whatever its texts are', () => {
  fc.assert(
    fc.property(anyText, anyText, (message, note) => {
      const participant = { id: note, dyno: note, type: 'clock', state: 'failed', seenMs: 0, note }
      for (const event of [
        { event: 'failed', outcome: 'refused', message, next: note } as const,
        { event: 'participant', participant } as const,
      ]) {
        const line = eventLine(event)
        expect(line).toMatch(INERT)
        expect(oneLine(line, 2_000)).toBe(line)
        expect(readEvent(line)).toMatchObject({ event: event.event })
      }
    }),
    { numRuns: 1_000 },
  )
})

it('what a dyno prints is an event of a known form, or none', () => {
  const words = ['started', 'asked', 'participant', 'open', 'released', 'successor', 'failed', 'ended']
  const fields = fc.record({ event: fc.constantFrom(...words), standing: anyJson, outcome: anyJson })
  const rest = fc.record({ participant: anyJson, dynos: anyJson, message: anyJson, next: anyJson })
  fc.assert(
    fc.property(fields, rest, anyText, (event, more, text) => {
      const line = JSON.stringify({ 'deploy-gate': 1, ...event, ...more })
      expect(isEvent(line)).toBe(true)
      const read = readEvent(line)
      if (read !== undefined) expect(read).toMatchObject({ event: event.event })
      expect(() => readEvent(`{"deploy-gate":${text}`)).not.toThrow()
      expect(() => readOrder(text)).not.toThrow()
    }),
    { numRuns: 1_000 },
  )
})
