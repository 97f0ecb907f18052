import { StringDecoder } from 'node:string_decoder'

/** No line that git or Heroku prints is as long; a stream without line breaks must not fill the memory. */
const LONGEST_LINE = 8_192

/** Cuts a stream into lines at `\n` and `\r` (progress is drawn over itself), without trailing blanks and empty lines. */
export function createLineSplitter(onLine: (line: string) => void): {
  write(piece: Buffer): void
  end(): void
} {
  const decoder = new StringDecoder('utf8')
  let rest = ''

  function take(text: string): void {
    const lines = (rest + text).split(/[\r\n]/)
    rest = lines.pop() ?? ''
    for (const line of lines) give(line)
    if (rest.length > LONGEST_LINE) {
      give(rest)
      rest = ''
    }
  }

  function give(line: string): void {
    const trimmed = line.slice(0, LONGEST_LINE).trimEnd()
    if (trimmed !== '') onLine(trimmed)
  }

  return {
    write: (piece) => take(decoder.write(piece)),
    end() {
      take(decoder.end())
      give(rest)
      rest = ''
    },
  }
}
