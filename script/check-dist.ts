/** Checks that the committed dist/ is what src/ builds: `node script/check-dist.ts`. Ends with 1 and names what differs. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-dist-'))
try {
  const built = join(folder, 'dist')
  execFileSync(process.execPath, [join(root, 'script/build.ts'), built, join(folder, 'lib')], {
    stdio: 'inherit',
  })
  const [want, have] = [contents(built), contents(join(root, 'dist'))]
  const names = [...new Set([...want.keys(), ...have.keys()])].sort()
  const different = names.filter((name) => want.get(name) !== have.get(name))
  if (different.length > 0) {
    console.error(`dist/ is not what src/ builds: ${different.join(', ')}.`)
    console.error('Run `npm run build` and commit dist/ with the change.')
    process.exitCode = 1
  } else console.log(`dist/ is what src/ builds (${names.join(', ')})`)
} finally {
  rmSync(folder, { recursive: true })
}

function contents(path: string): Map<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(files.map(({ name }) => [name, readFileSync(join(path, name), 'utf8')]))
}
