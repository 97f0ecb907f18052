import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

/**
 * The licence texts of the packages of which a bundle holds code, in an order of their own so that every machine writes the same file.
 * Whether the project has them as `dependencies` or as `devDependencies` makes no difference to their licences.
 * @param root the folder that the metafile's paths begin at
 * @throws Error for a package that comes without a licence text
 */
export function licences({ inputs }: Metafile, root: string): string {
  const folders = Object.keys(inputs).flatMap(
    (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [],
  )
  const sections = [...new Set(folders)].map((folder) => licence(join(root, folder)))
  return `The files beside this one contain code of these packages.\n\n${sections.sort().join(`\n${'-'.repeat(80)}\n\n`)}`
}

function licence(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry))
  if (file === undefined) throw new Error(`${name}@${version} is bundled, and has no licence text.`)
  const text = readFileSync(join(folder, file), 'utf8').replace(/\r\n/g, '\n')
  return `${name}@${version}\n\n${text.trim()}\n`
}
