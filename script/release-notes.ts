/**
 * Checks that a tag is ready to be released, and prints the notes of its release: `node script/release-notes.ts v1.2.3 [folder]`.
 * Ends with 1 and says what is missing: the tag, package.json and a dated section of CHANGELOG.md must name the same version.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const [tag = '', root = join(import.meta.dirname, '..')] = process.argv.slice(2)
const read = (name: string) => readFileSync(join(root, name), 'utf8')

const version = /^v(\d+\.\d+\.\d+)$/.exec(tag)?.[1]
if (version === undefined) fail([`"${tag}" is no tag of a release: it must look like v1.2.3.`])

const { version: packaged, repository } = JSON.parse(read('package.json')) as {
  readonly version: string
  readonly repository?: string | { readonly url?: string }
}
const notes = notesOf(version, read('CHANGELOG.md'))
const problems = [
  ...(packaged === version
    ? []
    : [
        `package.json has the version ${packaged}, and the tag is ${tag}: run \`npm version --no-git-tag-version ${version}\` and tag that commit.`,
      ]),
  ...(notes
    ? []
    : [
        `CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD" with anything in it: give what stands under Unreleased this heading.`,
      ]),
  ...unproven(),
]
if (problems.length > 0) fail(problems)
console.log(notes)

/** What stands under the version's heading, up to the next one; empty without one. */
function notesOf(version: string, changelog: string): string {
  const [, section = ''] =
    changelog
      .split(/^## /m)
      .map((text) => /^\[(.+?)\] - \d{4}-\d\d-\d\d\n([\s\S]*)$/.exec(text) ?? [])
      .map(([, name, text]) => [name, text] as const)
      .find(([name]) => name === version) ?? []
  // Links of the headings stand at the end of the file.
  return section.replace(/^\[[^\]]+\]: \S+\n?/gm, '').trim()
}

/** npm refuses a provenance that names another repository than package.json; only GitHub says which one it is. */
function unproven(): string[] {
  const where = process.env.GITHUB_REPOSITORY
  if (!where) return []
  const url = (typeof repository === 'string' ? repository : repository?.url) ?? ''
  const wanted = `git+https://github.com/${where}.git`
  return url === wanted
    ? []
    : [`package.json has the repository "${url}", and npm's provenance needs "${wanted}".`]
}

function fail(why: readonly string[]): never {
  console.error(why.join('\n'))
  process.exit(1)
}
