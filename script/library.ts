/**
 * Builds the npm package's code: `node script/library.ts [folder]`, lib/ unless told otherwise. npm runs it before it packs, so
 * that what is published is what src/ is (docs/adr/0008).
 */
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BuildOptions, build } from 'esbuild'
import { bundled } from './bundled.ts'
import { licences } from './licences.ts'

const root = join(import.meta.dirname, '..')
if (import.meta.main) await buildLibrary(process.argv[2] ?? 'lib')

/** Everything of the package but what npm adds itself. What was in the folder is gone. */
export async function buildLibrary(lib: string): Promise<void> {
  await rm(lib, { recursive: true, force: true })
  const commonjs = join(lib, 'commonjs')
  await mkdir(commonjs, { recursive: true })

  const library = {
    ...bundled,
    entryPoints: { index: 'src/index.ts' },
    outdir: commonjs,
    packages: 'external',
    target: 'node22',
  } satisfies BuildOptions
  await build({ ...library, format: 'cjs' })
  await writeFile(join(commonjs, 'package.json'), '{ "type": "commonjs" }\n')
  await promisify(execFile)(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.lib.json', '--outDir', commonjs],
    { cwd: root },
  )
  // One copy of the code, whoever loads it and however. Only of ES modules does esbuild tell what they export.
  const { metafile } = await build({ ...library, write: false, metafile: true })
  const names = Object.values(metafile.outputs).flatMap((output) => output.exports)
  await writeFile(join(lib, 'index.js'), `export { ${names.sort().join(', ')} } from './commonjs/index.js'\n`)
  await writeFile(join(lib, 'index.d.ts'), "export * from './commonjs/index.js'\n")

  // The command has more parts than the library, and no more dependencies: what the library does not need is bundled.
  const command = await build({
    ...bundled,
    entryPoints: { cli: 'src/cli/main.ts' },
    outdir: lib,
    splitting: true,
    chunkNames: 'cli-[hash]',
    external: ['ioredis'],
    target: 'node22',
    metafile: true,
  })
  await writeFile(join(lib, 'LICENSES.txt'), licences(command.metafile, root))
}
