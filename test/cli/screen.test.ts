import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { Screen } from '../../src/cli/screen.ts'

/** A terminal that keeps what is written, with ESC shown. */
class Terminal extends EventEmitter {
  written = ''
  readonly rows: number
  constructor(rows: number) {
    super()
    this.rows = rows
  }
  write(text: string): void {
    this.written += text.replaceAll('\u001b', '<ESC>')
  }
  /** What was written since the last call. */
  take(): string {
    const text = this.written
    this.written = ''
    return text
  }
}

it('draws each frame over the one before, whatever their heights', () => {
  const terminal = new Terminal(24)
  using screen = new Screen(terminal)
  expect(terminal.take()).toBe('<ESC>[?25l<ESC>[?7l')
  screen.draw(['one', 'two'])
  expect(terminal.take()).toBe('\rone<ESC>[K\ntwo<ESC>[K\n<ESC>[J')
  screen.draw(['three'])
  expect(terminal.take()).toBe('\r<ESC>[2Athree<ESC>[K\n<ESC>[J')
  screen.draw(['four'])
  expect(terminal.take()).toBe('\r<ESC>[1Afour<ESC>[K\n<ESC>[J')
})

it('says what has no room, and so can be drawn over', () => {
  const terminal = new Terminal(4)
  using screen = new Screen(terminal)
  const drawn = (lines: string[]) => {
    terminal.take()
    screen.draw(lines)
    return terminal.take().replaceAll('<ESC>[K\n', '|')
  }
  expect(drawn(['a', 'b', 'c'])).toBe('\ra|b|c|<ESC>[J')
  expect(drawn(['a', 'b', 'c', 'd'])).toBe('\r<ESC>[3Aa|b|... and 2 more lines|<ESC>[J')
})

it('begins anew when the terminal got another size', () => {
  const terminal = new Terminal(24)
  using screen = new Screen(terminal)
  screen.draw(['one'])
  terminal.take()
  terminal.emit('resize')
  screen.draw(['one'])
  expect(terminal.take()).toBe('<ESC>[2J<ESC>[H\rone<ESC>[K\n<ESC>[J')
})

it('gives the cursor back once, at its end or that of the process, and leaves nothing behind', () => {
  const terminal = new Terminal(24)
  const before = process.listeners('exit')
  const screen = new Screen(terminal)
  const [atExit] = process.listeners('exit').filter((one) => !before.includes(one))
  terminal.take()
  atExit?.(130)
  screen[Symbol.dispose]()
  expect(terminal.take()).toBe('<ESC>[?7h<ESC>[?25h')
  expect(process.listeners('exit')).toEqual(before)
  expect(terminal.eventNames()).toEqual([])
})
