import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, it } from 'vitest'
import { CLI, finished } from '../cli/support/scene.ts'
import { type Program, startProgram } from '../integration/support/program.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { blocksOf, ROOT, read } from './support/pages.ts'

/** The few lines of the README for one language, and what makes a program of them: a job that says that it runs. */
const SNIPPETS = [
  {
    language: 'python',
    file: 'clock.py',
    before: 'def export_report():\n    print("export", flush=True)\n',
    command: ['/usr/bin/python3', 'clock.py'],
    env: { PYTHONPATH: join(ROOT, 'clients/python'), PYTHONDONTWRITEBYTECODE: '1' },
  },
  {
    language: 'js',
    file: 'clock.mjs',
    before: 'const exportReport = async () => console.log("export")\n',
    command: [process.execPath, 'clock.mjs'],
    env: {},
  },
  {
    language: 'ruby',
    file: 'clock.rb',
    before: '$stdout.sync = true\ndef export_report = puts("export")\n',
    command: ['/usr/bin/clockwork', 'clock.rb'],
    env: { RUBYLIB: join(ROOT, 'clients/ruby') },
  },
  {
    language: 'procfile',
    file: 'Procfile',
    before: '',
    command: ['/bin/sh', '-c', 'eval "exec $(sed -n "s/^clock: //p" Procfile)"'],
    env: {},
  },
] as const
const LIMIT_MS = 120_000

let folder: string
let redis: RedisServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gate-readme-'))
  redis = await startRedis()
  mkdirSync(join(folder, 'node_modules'))
  mkdirSync(join(folder, 'bin'))
  symlinkSync(ROOT, join(folder, 'node_modules/heroku-deploy-gate'))
  symlinkSync(join(ROOT, 'node_modules/croner'), join(folder, 'node_modules/croner'))
  put('bin/deploy-gate', `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`)
  // A program that the README only names: it finishes its job at SIGTERM, and ends.
  put('clock.sh', 'trap "exit 0" TERM\necho export\nwhile :; do sleep 0.2; done\n')
}, LIMIT_MS)
afterAll(async () => {
  await redis.stop()
  rmSync(folder, { recursive: true })
})

it.concurrent.for(SNIPPETS)(
  'the README has lines in $language that join the gate, drain, and go on',
  { timeout: 3 * LIMIT_MS },
  async ({ language, file, before, command: [interpreter, ...args], env }, { expect }) => {
    const blocks = blocksOf(read('README.md')).filter((block) => block.language === language)
    expect(blocks).toHaveLength(1)
    put(file, `${before}${blocks[0]?.code}`)
    const around = {
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      REDIS_URL: redis.url,
      DEPLOY_GATE_NAME: language,
    }
    const clock = start(interpreter, args, { ...around, ...env, DYNO: 'clock.1' })
    try {
      const died = clock.ended.then(() => Promise.reject(new Error(`it ended: ${clock.stderr}`)))
      died.catch(() => {})
      const runs = () => expect.poll(() => stateOf(around), { timeout: LIMIT_MS }).toBe('running')
      await Promise.race([runs(), died])
      // Held, then given back: the program fails.
      const held = await finished(
        start(process.execPath, [CLI, 'drain', '--json', '--', 'sh', '-c', 'exit 3'], around),
      )
      expect(held.stderr + held.stdout).toMatch(/clock\.1/)
      expect(held.code).toBe(3)
      expect(JSON.parse(held.stdout)).toMatchObject({
        outcome: 'command-failed',
        participants: [{ dyno: 'clock.1', drainedSeconds: expect.any(Number) }],
      })
      await Promise.race([runs(), died])
      clock.kill('SIGTERM')
      const { code, signal } = await clock.ended
      // By itself, or by the signal: never of an error.
      expect(signal ?? code).toBeOneOf(['SIGTERM', 0, 143])
      expect(await stateOf(around)).toBe('exited')
    } finally {
      clock.kill('SIGKILL')
      await clock.ended
    }
  },
)

function put(name: string, text: string): void {
  writeFileSync(join(folder, name), text, { mode: 0o755 })
}

function start(
  interpreter: string,
  [file = '', ...args]: readonly string[],
  env: Record<string, string>,
): Program {
  return startProgram(file, folder, env, { interpreter, args })
}

async function stateOf(around: Record<string, string>): Promise<string | undefined> {
  const { stdout } = await finished(start(process.execPath, [CLI, 'status', '--json'], around))
  return JSON.parse(stdout || '{}').participants?.[0]?.state
}
