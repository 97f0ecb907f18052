/** Who another deploy is, of the text with which it described itself; `another deploy` if that says nothing. */
export function describeAsker(text: string): string {
  const { name, runUrl, commit } = readAsker(text)
  return [name || 'another deploy', commit && `of ${commit.slice(0, 8)}`, runUrl && `(${runUrl})`]
    .filter(Boolean)
    .join(' ')
}

function readAsker(text: string): Partial<Record<'name' | 'runUrl' | 'commit', string>> {
  try {
    const raw: unknown = JSON.parse(text)
    if (typeof raw !== 'object' || raw === null) return {}
    return Object.fromEntries(
      Object.entries(raw).filter(([, value]) => typeof value === 'string' && value.length <= 300),
    )
  } catch {
    return {}
  }
}
