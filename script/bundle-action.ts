import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { rollup } from 'rollup'
import { bundled } from './bundled.ts'
import { lean } from './lean.ts'

/**
 * Bundles what the runner runs. esbuild finds and joins the modules, and keeps apart what is loaded later; rollup then puts whatever the
 * start needs into one file, in the older form of modules: each further file costs a millisecond at the start, and the newer form three.
 * @returns what was bundled
 */
export async function bundleAction(dist: string): Promise<Metafile> {
  await rm(dist, { recursive: true, force: true })
  await mkdir(dist, { recursive: true })
  const pieces = await mkdtemp(join(tmpdir(), 'deploy-gate-pieces-'))
  try {
    const { metafile } = await build({
      ...bundled,
      entryPoints: { main: 'src/action/main.ts' },
      outdir: pieces,
      splitting: true,
      chunkNames: '[name]-[hash]',
      target: 'node24',
      metafile: true,
      plugins: [lean],
    })
    const joined = await rollup({
      input: join(pieces, 'main.js'),
      treeshake: false,
      onwarn({ message }) {
        throw new Error(message)
      },
    })
    await joined.write({
      dir: dist,
      format: 'cjs',
      strict: false,
      minifyInternalExports: false,
      chunkFileNames: ({ name }) => `${name.replace(/-[A-Z0-9]{8}$/, '')}.js`,
    })
    await writeFile(join(dist, 'post.js'), "require('./main.js')\n")
    await writeFile(join(dist, 'package.json'), '{ "type": "commonjs" }\n')
    return metafile
  } finally {
    await rm(pieces, { recursive: true })
  }
}
