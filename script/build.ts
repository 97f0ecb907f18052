/**
 * Builds what is shipped: `node script/build.ts [dist folder] [lib folder]`.
 * dist/ is what the runner runs: bundled, unminified, with the licences of what is in it. lib/ is the npm package.
 */
import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BuildOptions, build } from 'esbuild'
import { getProjectLicenses } from 'generate-license-file'
import { bundleAction } from './bundle-action.ts'

const [dist = 'dist', lib = 'lib'] = process.argv.slice(2)
const root = join(import.meta.dirname, '..')

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  loader: { '.lua': 'text' },
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions

const bundled = await bundleAction({ ...common, absWorkingDir: root }, dist)
await writeFile(join(dist, 'LICENSES.txt'), await licences(packagesIn(bundled)))

await rm(lib, { recursive: true, force: true })
await build({
  ...common,
  entryPoints: { index: 'src/index.ts' },
  outdir: lib,
  packages: 'external',
  target: 'node22',
})
// The command has more parts than the library, and no more dependencies: what the library does not need is bundled.
await build({
  ...common,
  entryPoints: { cli: 'src/cli/main.ts' },
  outdir: lib,
  splitting: true,
  chunkNames: 'cli-[hash]',
  external: ['ioredis'],
  target: 'node22',
})
await promisify(execFile)(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.lib.json', '--outDir', lib],
  { cwd: root },
)

/** Names of the packages whose files were bundled. */
function packagesIn(inputs: readonly string[]): Set<string> {
  const names = inputs.flatMap((input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? [])
  return new Set(names)
}

/** The licence texts of the bundled packages, in an order of their own so that every machine writes the same file. */
async function licences(bundled: ReadonlySet<string>): Promise<string> {
  const all = await getProjectLicenses(join(root, 'package.json'))
  const sections = all.flatMap(({ content, dependencies }) => {
    const names = dependencies.filter((dependency) => bundled.has(dependency.replace(/@[^@]+$/, ''))).sort()
    return names.length > 0 ? [`${names.join('\n')}\n\n${content.replace(/\r\n/g, '\n').trim()}\n`] : []
  })
  return `The files beside this one contain code of these packages.\n\n${sections.sort().join(`\n${'-'.repeat(80)}\n\n`)}`
}
