/** What pins may be, in words for an error message. */
export const FINGERPRINT_RULE =
  'a SHA-256 fingerprint: 64 hex digits, with or without colons; several with commas between'

/**
 * Each of the SHA-256s that were written with or without colons, commas between, as its 64 lower-case hex digits; `undefined` if anything
 * else stands there. Servers that take over from each other may have a certificate each.
 */
export function parseFingerprints(text: string): readonly string[] | undefined {
  const all = text.split(',').map((one) => one.trim().replaceAll(':', '').toLowerCase())
  return all.every((digits) => /^[0-9a-f]{64}$/.test(digits)) ? all : undefined
}
