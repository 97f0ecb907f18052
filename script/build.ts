/**
 * Builds what is shipped: `node script/build.ts [dist folder] [lib folder]`.
 * dist/ is what the runner runs: bundled, unminified, with the licences of what is in it. lib/ is the npm package.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleAction } from './bundle-action.ts'
import { bundled } from './bundled.ts'
import { buildLibrary } from './library.ts'
import { licences } from './licences.ts'

const [dist = 'dist', lib = 'lib'] = process.argv.slice(2)

const metafile = await bundleAction(dist)
await writeFile(join(dist, 'LICENSES.txt'), licences(metafile, bundled.absWorkingDir))

await buildLibrary(lib)
