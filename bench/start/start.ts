/**
 * How long the Action takes from the start of its process to the error about its inputs, and to the first byte that it sends to Redis. Side
 * by side, one after the other in each round: `node -e 0`, and an action that says hello by the same toolkit, bundled whole.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { type Figure, median, plain, ratioOf } from '../figure.ts'
import type { Extent } from '../main.ts'

const root = join(import.meta.dirname, '../..')
const MAIN = join(root, 'dist/main.js')

export async function measureStart({ quick }: Extent): Promise<readonly Figure[]> {
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
    const ways: Record<string, () => Promise<number>> = {
      nothing: () => untilEnd(['-e', '0'], files),
      hello: () => untilEnd([hello], files),
      inputs: () => untilEnd([MAIN], files),
      redis: () => untilFirstByte(files),
    }
    const took: Record<string, number[]> = { nothing: [], hello: [], inputs: [], redis: [] }
    for (let round = 0; round < (quick ? 1 : 41); round++) {
      for (const [name, time] of Object.entries(ways)) took[name]?.push(await time())
    }
    const ms = (name: string) => median(took[name] ?? [])
    const baseline = ms('nothing')
    return [
      ratioOf(
        'start of the Action to input errors, by node -e 0',
        'ms',
        { value: ms('inputs'), baseline },
        1.5,
      ),
      ratioOf('start to the first byte to Redis, by node -e 0', 'ms', { value: ms('redis'), baseline }, 2.2),
      ratioOf('an action that says hello, by node -e 0', 'ms', { value: ms('hello'), baseline }),
      plain(
        'dist/, unminified, beside that action',
        'kB',
        { value: kilobytes(join(root, 'dist')), baseline: kilobytes(join(folder, 'hello')) },
        700,
      ),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @returns ms from the start of the process to its end */
async function untilEnd(args: readonly string[], env: Record<string, string>): Promise<number> {
  const began = performance.now()
  await once(run(args, env), 'exit')
  return performance.now() - began
}

/** @returns ms from the start of a deploy until Redis, whose URL is in its inputs, hears from it */
async function untilFirstByte(env: Record<string, string>): Promise<number> {
  // Takes every connection and every word, and answers nothing: neither Heroku nor Redis is to be waited for.
  const [heroku, redis] = [createServer(() => {}), createServer()]
  const port = (server: typeof redis) => (server.address() as AddressInfo).port
  for (const server of [heroku, redis]) await once(server.listen(0, '127.0.0.1'), 'listening')
  const heard = once(redis, 'connection').then(([socket]) => once(socket, 'data'))
  const began = performance.now()
  const action = run([MAIN], {
    ...env,
    ...inputsOf({
      'heroku-app': 'shop',
      'heroku-api-key': 'HRKU-none',
      'redis-url': `redis://127.0.0.1:${port(redis)}`,
    }),
    HEROKU_API_URL: `http://127.0.0.1:${port(heroku)}`,
    HEROKU_GIT_URL: `http://127.0.0.1:${port(heroku)}`,
    GITHUB_WORKSPACE: root,
  })
  await heard
  const took = performance.now() - began
  action.kill('SIGKILL')
  await once(action, 'exit')
  for (const server of [heroku, redis]) server.close()
  return took
}

/** As the runner hands them on. Defaults of action.yml are none of this: the Action knows them. */
function inputsOf(given: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  )
}

function run(args: readonly string[], env: Record<string, string>) {
  return spawn(process.execPath, args, { env: { PATH: process.env.PATH ?? '', ...env }, stdio: 'ignore' })
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
