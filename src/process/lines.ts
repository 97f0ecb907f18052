import { StringDecoder } from 'node:string_decoder'

/** No line that git or Heroku prints is as long; a stream without line breaks must not fill the memory. */
const LONGEST_LINE = 8_192

/**
 * Cuts a stream into lines at `\n` and `\r` (progress is drawn over itself), without trailing blanks and empty
 * lines. Of a line that is too long the beginning is given.
 */
export function createLineSplitter(onLine: (line: string) => void): {
  write(piece: Buffer): void
  end(): void
} {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  /** the line's beginning was given already */
  let given = false

  function take(text: string): void {
    const lines = (rest + text).split(/[\r\n]/)
    rest = lines.pop() ?? ''
    for (const line of lines) endLine(line)
    if (rest.length <= LONGEST_LINE) return
    // Its remainder must not pass for a line of its own, nor half a secret for something else.
    if (!given) give(rest)
    given = true
    rest = ''
  }

  function endLine(line: string): void {
    if (!given) give(line)
    given = false
  }

  function give(line: string): void {
    const trimmed = line.slice(0, LONGEST_LINE).trimEnd()
    if (trimmed !== '') onLine(trimmed)
  }

  return {
    write: (piece) => take(decoder.write(piece)),
    end() {
      take(decoder.end())
      endLine(rest)
      rest = ''
    },
  }
}
