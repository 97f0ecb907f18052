import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProgram } from '../clients/support/program.ts'
import { Deployer } from '../participant/support/deployer.ts'
import { startRedis } from '../support/redis/redis-server.ts'
import { run, withNode } from './support/command.ts'
import { CONSUMER } from './support/consumer.ts'
import { expectContents } from './support/contents.ts'
import { oldestNode } from './support/old-node.ts'

const LIMIT_MS = 180_000
const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-npm-'))
const source = join(folder, 'source')
/** A stranger's project. */
const app = join(folder, 'app')
const installed = join(app, 'node_modules/heroku-deploy-gate')

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}
let packed: Packed

beforeAll(async () => {
  copySource()
  const packing = ['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder]
  packed = JSON.parse((await run('npm', packing, { cwd: source })).stdout)[0]

  cpSync(join(import.meta.dirname, 'apps'), app, { recursive: true })
  writeFileSync(join(app, 'package.json'), '{ "private": true }')
  const installing = ['install', join(folder, packed.filename), '--no-audit', '--no-fund', '--prefer-offline']
  await run('npm', installing, { cwd: app })
}, LIMIT_MS)
afterAll(() => rmSync(folder, { recursive: true }))

/** A checkout as somebody has it who publishes: with what an older one has left in lib/. Its own lib/, which others use, stays as it is. */
function copySource(): void {
  mkdirSync(join(source, 'lib'), { recursive: true })
  writeFileSync(join(source, 'lib/stale.js'), 'stale')
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.isFile() || ['src', 'script', 'dist', 'docs'].includes(entry.name)) {
      cpSync(join(root, entry.name), join(source, entry.name), { recursive: true })
    }
  }
  symlinkSync(join(root, 'node_modules'), join(source, 'node_modules'))
}

const readPackage = (path: string) => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))

describe('what is packed', () => {
  it('is built from the sources, and nothing else', () => {
    const files = packed.files.map(({ path }) => path)
    expectContents(files, [
      'LICENSE',
      'README.md',
      'package.json',
      'lib/LICENSES.txt',
      'lib/cli.js',
      /^lib\/cli-[A-Z0-9]{8}\.js$/,
      'lib/index.js',
      'lib/index.d.ts',
      'lib/commonjs/package.json',
      'lib/commonjs/index.js',
      'lib/commonjs/index.d.ts',
      /^lib\/commonjs\/(alarm|log|one-line|time)\.d\.ts$/,
      /^lib\/commonjs\/(participant|participant\/guards|protocol|redis)\/[a-z-]+\.d\.ts$/,
    ])
  })

  it('leads to files that are there', () => {
    const { main, types, exports, bin } = readPackage(installed)
    const leaves = (value: unknown): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value]
    const files = new Set(packed.files.map(({ path }) => path))
    for (const target of leaves([main, types, exports, bin])) {
      expect(files).toContain(String(target).replace(/^\.\//, ''))
    }
    // For tools that know no `exports`.
    expect({ types, default: main }).toEqual(exports['.'].require)
  })

  it('can be published', async () => {
    // By force, for without it npm asks whether the version is there already, as it is from its release on to the next one.
    const { stderr } = await run('npm', ['publish', '--dry-run', '--force'], { cwd: source })
    expect(stderr).not.toMatch(/auto-corrected|errors corrected/)
    expect(stderr).toMatch(/with tag latest and public access \(dry-run\)/)
  })

  it('has the licences of what its command bundles', () => {
    const chunks = readdirSync(join(installed, 'lib')).filter((file) => file.endsWith('.js'))
    const code = chunks.map((file) => readFileSync(join(installed, 'lib', file), 'utf8')).join('\n')
    const bundled = [...code.matchAll(/^\/\/ .*node_modules\/((?:@[^/\s]+\/)?[^/\s]+)/gm)].map(
      ([, name]) => name,
    )
    expect(bundled).toContain('p-retry')
    const licences = readFileSync(join(installed, 'lib/LICENSES.txt'), 'utf8')
    for (const name of bundled) expect(licences).toMatch(new RegExp(`^${name}@[\\d.]+\\n\\n.*License`, 'm'))
  })
})

describe('the library', () => {
  const code = () => readFileSync(join(installed, 'lib/commonjs/index.js'), 'utf8')

  it('holds nothing of the command, the supervisor or the deploy', () => {
    const rooms = [...code().matchAll(/^\/\/ src\/(?:([a-z]+)\/)?.+$/gm)].map(([, room]) => room ?? 'src')
    expect([...new Set(rooms)].sort()).toEqual(['participant', 'protocol', 'redis', 'src'])
  })

  it('requires what Node has, and ioredis', () => {
    const required = [...code().matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name ?? '')
    expect([...new Set(required)].filter((name) => !name.startsWith('node:'))).toEqual(['ioredis'])
  })

  it('brings ioredis, what that needs, and no more', () => {
    const needed = new Set<string>()
    const need = (name: string) => {
      if (needed.has(name)) return
      needed.add(name)
      for (const other of Object.keys(readPackage(join(app, 'node_modules', name)).dependencies ?? {}))
        need(other)
    }
    need('heroku-deploy-gate')
    const { packages } = JSON.parse(readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8'))
    const there = Object.keys(packages).map((path) => path.replace('node_modules/', ''))
    expect(there.sort()).toEqual([...needed].sort())
    expect(Object.keys(readPackage(installed).dependencies)).toEqual(['ioredis'])
  })
})

describe.each([
  ['this Node', async () => process.execPath],
  ['the oldest Node that it supports', oldestNode],
])('on %s', { timeout: LIMIT_MS }, (_, find) => {
  it('is one and the same for import and for require', async () => {
    const { stdout, stderr } = await run(await find(), ['both.mjs'], { cwd: app })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      names: ['guardBree', 'guardBullmq', 'guardJobs', 'join'],
      required: ['guardBree', 'guardBullmq', 'guardJobs', 'join'],
      same: true,
      version: readPackage(root).version,
      loaded: ['lib/commonjs/index.js'],
    })
  })

  it('drains clocks of both kinds when the installed command asks them to', async () => {
    const node = await find()
    await using redis = await startRedis()
    const env = { ...withNode(node), REDIS_URL: redis.url }
    const start = (file: string, dyno: string) =>
      startProgram(node, [join(app, file)], { ...env, DYNO: dyno })
    await using imports = start('clock.mjs', 'clock.1')
    await using requires = start('clock.cjs', 'clock.2')
    for (const clock of [imports, requires]) await clock.says(/^tick$/)

    // As a shell starts it: by its link, its mode and its first line.
    const draining = ['drain', '--processes', 'clock=2', '--', 'echo', 'pushed']
    const { stdout } = await run(join(app, 'node_modules/.bin/deploy-gate'), draining, { cwd: app, env })
    expect(stdout).toMatch(/^pushed$/m)

    const deployer = new Deployer(redis.url)
    try {
      for (const dyno of ['clock.1', 'clock.2']) {
        expect(await deployer.row(dyno)).toMatchObject({ state: 'drained', running: 0 })
      }
    } finally {
      deployer.redis.disconnect()
    }
    for (const clock of [imports, requires]) expect(clock.printed.join('\n')).not.toMatch(/warning/i)
  })
})

describe('its types', () => {
  beforeAll(() => {
    for (const [name, text] of Object.entries(CONSUMER)) writeFileSync(join(app, name), text)
    // What a project in TypeScript has by itself.
    mkdirSync(join(app, 'node_modules/@types'))
    for (const name of ['@types/node', 'undici-types']) {
      symlinkSync(join(root, 'node_modules', name), join(app, 'node_modules', name))
    }
  })

  it.each([
    ['node16', 'node16'],
    ['node18', 'node16'],
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ])('are found with module %s and moduleResolution %s', async (module, resolution) => {
    const options = [
      '--noEmit',
      '--strict',
      '--types',
      'node',
      '--module',
      module,
      '--moduleResolution',
      resolution,
    ]
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    // Not with skipLibCheck: what the declarations themselves import is to be found too.
    await run(process.execPath, [tsc, ...options, ...Object.keys(CONSUMER)], { cwd: app })
  })
})
