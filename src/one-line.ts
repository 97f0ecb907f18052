import { stripVTControlCharacters } from 'node:util'

const LONGEST = 2_000
/** Of a longer text only so many times what may be shown is looked at: escapes that are left out take room, too. */
const LOOKED_AT = 4
/** Node looks for the end of an escape from each of its beginnings: twice the length is four times the work. */
const LOOKED_AT_MOST = 16_384

/**
 * One line of a text that comes from somebody else, without control characters and terminal sequences, of at most `longest`
 * characters: what a terminal would act on is left out, not obeyed.
 */
export function oneLine(text: string, longest = LONGEST): string {
  const beginning = text.slice(0, Math.min(LOOKED_AT * longest, LOOKED_AT_MOST))
  const plain = stripVTControlCharacters(beginning.toWellFormed())
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    // What reverses or hides text, or is nothing to see: GitHub's runner finds its commands through such characters.
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .trimEnd()
  const characters = [...plain]
  if (characters.length <= longest && beginning.length === text.length) return plain
  return `${characters.slice(0, longest - 1).join('')}…`
}
