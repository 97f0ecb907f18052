import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './command.ts'

const root = join(import.meta.dirname, '../../..')
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
/** The lowest that `engines` allows, `>=22`. */
const OLDEST = `${engines.node.replace('>=', '')}.0.0`

/**
 * The oldest Node that the package supports: its path. Installed once for a checkout, 45 MB, as npm has it for each platform. It is no
 * dependency of the project, because both would be `node` in node_modules/.bin.
 */
export async function oldestNode(): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`
  const home = join(root, '.cache', `node-${OLDEST}`)
  const node = join(home, 'node_modules', name, 'bin/node')
  if (!existsSync(node)) {
    const args = ['install', '--prefix', home, '--no-save', '--no-audit', '--no-fund', '--prefer-offline']
    await run('npm', [...args, `${name}@${OLDEST}`], { cwd: root })
  }
  return node
}
