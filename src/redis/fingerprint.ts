/** What a certificate's fingerprint may be, in words for an error message. */
export const FINGERPRINT_RULE = 'a SHA-256 fingerprint: 64 hex digits, with or without colons'

/** The 64 lower-case hex digits of a SHA-256 that was written with or without colons; `undefined` for anything else. */
export function parseFingerprint(text: string): string | undefined {
  const digits = text.replaceAll(':', '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined
}
