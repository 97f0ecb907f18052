import * as core from '@actions/core'

const known = new Set<string>()

/** Makes the runner show `***` wherever `secret` would stand. It masks line by line, so each line is a mask of its own. */
export function maskSecret(secret: string): void {
  for (const line of secret.split(/\r?\n/)) {
    if (line.trim() === '' || known.has(line)) continue
    known.add(line)
    core.setSecret(line)
  }
}

/**
 * Puts `***` for all that was masked. To be done before a text is escaped or cut: the runner would not find in it what is written
 * otherwise or in half.
 */
export function hideSecrets(text: string): string {
  // One may be a part of another.
  const longestFirst = [...known].sort((a, b) => b.length - a.length)
  return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

/** Fields with words of this program's own: a password may be one of them. */
const OWN_WORDS = ['outcome', 'section']

/** `value`, plain objects and lists of texts and numbers, with all its texts so. */
export function hideSecretsIn<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (name, one) =>
    typeof one === 'string' && !OWN_WORDS.includes(name) ? hideSecrets(one) : one,
  )
}
