const ESC = '\u001b['
const [HIDE_CURSOR, SHOW_CURSOR] = [`${ESC}?25l`, `${ESC}?25h`]
/** A line that is too long must not become two: the next drawing would begin a line too low. */
const [NO_WRAP, WRAP] = [`${ESC}?7l`, `${ESC}?7h`]
const [REST_OF_LINE, REST_OF_SCREEN, ALL] = [`${ESC}K`, `${ESC}J`, `${ESC}2J${ESC}H`]

/** The terminal that is drawn on: standard output, but in tests. */
export interface Terminal {
  readonly rows?: number
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

/** Lines on a terminal that are drawn over themselves. Leaving its scope, or the end of the process, gives the cursor back. */
export class Screen implements Disposable {
  readonly #terminal: Terminal
  #height = 0
  #open = true
  readonly #restore = () => this[Symbol.dispose]()
  // What was drawn for another width may have been laid out anew by the terminal: nobody knows where it begins now.
  readonly #resized = () => {
    this.#height = 0
    this.#terminal.write(ALL)
  }

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    terminal.write(HIDE_CURSOR + NO_WRAP)
    terminal.on('resize', this.#resized)
    process.on('exit', this.#restore)
  }

  draw(lines: readonly string[]): void {
    const most = Math.max(2, (this.#terminal.rows || 24) - 1)
    const more = lines.length - most + 1
    const shown = more > 1 ? [...lines.slice(0, most - 1), `... and ${more} more lines`] : lines
    const up = this.#height > 0 ? `${ESC}${this.#height}A` : ''
    this.#terminal.write(
      `\r${up}${shown.map((line) => `${line}${REST_OF_LINE}\n`).join('')}${REST_OF_SCREEN}`,
    )
    this.#height = shown.length
  }

  [Symbol.dispose](): void {
    if (!this.#open) return
    this.#open = false
    process.off('exit', this.#restore)
    this.#terminal.off('resize', this.#resized)
    this.#terminal.write(WRAP + SHOW_CURSOR)
  }
}
