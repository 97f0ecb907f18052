/** What `text` holds; `undefined` for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The fields of an object that came from outside; of anything else none. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

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
