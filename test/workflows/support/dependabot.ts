import { parse } from 'yaml'

/** What Dependabot reads in a folder, by the names of its ecosystems that are used here. */
const MANIFESTS: Readonly<Record<string, string>> = {
  npm: 'package.json',
  pip: 'requirements.txt',
  bundler: 'Gemfile',
  'github-actions': '.github/workflows/ci.yml',
}
const INTERVALS = ['daily', 'weekly', 'monthly', 'quarterly', 'semiannually', 'yearly']

interface Update {
  readonly 'package-ecosystem'?: string
  readonly directory?: string
  readonly schedule?: { readonly interval?: string }
  readonly cooldown?: { readonly 'default-days'?: number }
  readonly groups?: Readonly<Record<string, { readonly patterns?: readonly string[] }>>
}

/** Why Dependabot would not do what its file says, or would do it on the day that something comes out. @param exists whether a file is in the repository */
export function checkDependabot(text: string, exists: (path: string) => boolean): string[] {
  const { version, updates = [] } = parse(text) as { version?: unknown; updates?: Update[] }
  return [
    ...(version === 2 ? [] : [`the version is ${version}, and not 2`]),
    ...(updates.length > 0 ? [] : ['there are no updates']),
    ...updates.flatMap((update) => checkUpdate(update, exists)),
  ]
}

function checkUpdate(update: Update, exists: (path: string) => boolean): string[] {
  const { 'package-ecosystem': ecosystem = '', directory = '', schedule, cooldown, groups = {} } = update
  const name = `${ecosystem} in ${directory}`
  const manifest = MANIFESTS[ecosystem]
  if (manifest === undefined)
    return [`${name}: the ecosystem is none of ${Object.keys(MANIFESTS).join(', ')}`]
  return [
    ...(directory.startsWith('/') && exists(`${directory.slice(1)}/${manifest}`.replace(/^\//, ''))
      ? []
      : [`${name}: there is no ${manifest}`]),
    ...(INTERVALS.includes(schedule?.interval ?? '') ? [] : [`${name}: no interval`]),
    ...(Number(cooldown?.['default-days']) > 0 ? [] : [`${name}: no cooldown`]),
    ...(Object.keys(groups).length > 0 ? [] : [`${name}: a pull request for each package`]),
    ...Object.entries(groups).flatMap(([group, { patterns = [] }]) =>
      patterns.length > 0 ? [] : [`${name}: the group ${group} has no patterns`],
    ),
  ]
}
