import type { Asker } from './terms.ts'

const LONGEST = 300

/** Who another deploy is, of the text with which it described itself; `another deploy` if that says nothing. */
export function describeAsker(text: string): string {
  const { runUrl } = readAsker(text)
  return runUrl ? `${nameAsker(text)} (${runUrl})` : nameAsker(text)
}

/** The same without the URL of its run. */
export function nameAsker(text: string): string {
  const { name, commit } = readAsker(text)
  return `${name || 'another deploy'}${commit ? ` of ${commit.slice(0, 8)}` : ''}`
}

/** What an asker's text says; nothing of it is sure to be there. Texts come from outside: escape them before showing. */
export function readAsker(text: string): Partial<Asker> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return {}
  }
  if (typeof raw !== 'object' || raw === null) return {}
  const fields = raw as Record<string, unknown>
  const words = (['name', 'app', 'commit', 'runUrl'] as const).flatMap((field) => {
    const value = fields[field]
    return typeof value === 'string' && value.length <= LONGEST ? [[field, value]] : []
  })
  return { ...Object.fromEntries(words), ...(fields.holds === true && { holds: true }) }
}
