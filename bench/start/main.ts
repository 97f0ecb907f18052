/**
 * How long the Action takes from the start of its process to the error about its inputs: `script/bench start [--json]`. Side by side in one
 * run, one after the other in each round, medians: `node -e 0`, and an action that says hello by the same toolkit, bundled whole.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { against, type Figure, median, print } from '../figure.ts'

const ROUNDS = 31
const root = join(import.meta.dirname, '../..')
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })

const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-start-'))
try {
  const files = Object.fromEntries(
    ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY'].map((name) => {
      const file = join(folder, name)
      writeFileSync(file, '')
      return [name, file]
    }),
  )
  const hello = await bundled(folder, "import * as core from '@actions/core'\ncore.info('hello')\n")
  const runs: Record<string, readonly string[]> = {
    nothing: ['-e', '0'],
    hello: [hello],
    inputs: [join(root, 'dist/main.js')],
  }
  const took: Record<string, number[]> = { nothing: [], hello: [], inputs: [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, args] of Object.entries(runs)) took[name]?.push(timed(args, files))
  }
  const ms = (name: string) => Math.round(median(took[name] ?? []) * 10) / 10
  const figures: Figure[] = [
    against('start to input errors', 'ms', { value: ms('inputs'), baseline: ms('nothing') }, 1.5),
    against('an action that says hello', 'ms', { value: ms('hello'), baseline: ms('nothing') }),
    against('dist/, unminified, against that action', 'kB', {
      value: kilobytes(join(root, 'dist')),
      baseline: kilobytes(join(folder, 'hello')),
    }),
  ]
  print(figures, values.json)
} finally {
  rmSync(folder, { recursive: true })
}

/** @returns ms from the start of the process to its end */
function timed(args: readonly string[], env: Record<string, string>): number {
  const began = performance.now()
  spawnSync(process.execPath, args, { env: { PATH: process.env.PATH ?? '', ...env }, stdio: 'ignore' })
  return performance.now() - began
}

async function bundled(place: string, contents: string): Promise<string> {
  const outfile = join(place, 'hello/main.mjs')
  await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    outfile,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
  return outfile
}

function kilobytes(place: string): number {
  const bytes = readdirSync(place).reduce((sum, name) => sum + statSync(join(place, name)).size, 0)
  return Math.round(bytes / 1_000)
}
