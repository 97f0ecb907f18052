/** Bytes of the longest line that can be one of progress. */
export const LONGEST_LINE = 4_096

const LINE_BREAK = 10

/** Cuts a stream into lines. Of one that is too long only the beginning is kept, and handed over as not whole. */
export class LineReader {
  readonly #onLine: (line: Buffer, whole: boolean) => void
  #pieces: Buffer[] = []
  #length = 0

  constructor(onLine: (line: Buffer, whole: boolean) => void) {
    this.#onLine = onLine
  }

  write(chunk: Buffer): void {
    for (let from = 0; ; ) {
      const at = chunk.indexOf(LINE_BREAK, from)
      this.#add(chunk.subarray(from, at < 0 ? chunk.length : at))
      if (at < 0) return
      this.#give()
      from = at + 1
    }
  }

  /** Nothing more comes: hands over a last line without its line break. */
  end(): void {
    if (this.#length > 0) this.#give()
  }

  #add(piece: Buffer): void {
    const room = LONGEST_LINE - this.#length
    if (piece.length > 0 && room > 0) this.#pieces.push(piece.subarray(0, room))
    this.#length += piece.length
  }

  #give(): void {
    const [pieces, length] = [this.#pieces, this.#length]
    ;[this.#pieces, this.#length] = [[], 0]
    const [first = Buffer.alloc(0)] = pieces
    this.#onLine(pieces.length > 1 ? Buffer.concat(pieces) : first, length <= LONGEST_LINE)
  }
}
