/** Characters that a terminal would obey, or that are nothing to see. */
const OBEYED = '\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}'

/**
 * `value` as JSON on one line, of which a terminal obeys nothing: what JSON leaves as it is, is escaped too.
 * @param also further characters to escape
 */
export function inertJson(value: unknown, also = ''): string {
  return JSON.stringify(value).replace(new RegExp(`[${OBEYED}${also}]`, 'gu'), (character) =>
    [...Array(character.length).keys()].map((at) => escaped(character.charCodeAt(at))).join(''),
  )
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}
