import { stripVTControlCharacters } from 'node:util'

const LONGEST = 2_000

/**
 * One line of a text that comes from somebody else, without control characters and terminal sequences, of at most `longest`
 * characters: what a terminal would act on is left out, not obeyed.
 */
export function oneLine(text: string, longest = LONGEST): string {
  const plain = stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    // Characters that reverse or hide text.
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .trimEnd()
  const characters = [...plain]
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : plain
}
