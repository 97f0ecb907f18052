/** Tries every client of test/clients/registry.ts, all at the same time: `node script/conformance.ts [--json] [--existing-redis] [client …]`. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Client, clients } from '../test/clients/registry.ts'

/** Cases of one client at once. A trial is mostly waiting; of all clients together some eighty processes live at the same time. */
const JOBS = 5
const LEVEL = 3

interface Trial {
  readonly client: string
  readonly level: number
  readonly cases: readonly { readonly name: string; readonly passed: boolean; readonly why: string }[]
}

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    'existing-redis': { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !clients.some(({ client }) => client === name))
if (unknown.length > 0) {
  console.error(
    `There is no client ${unknown.join(', ')}. There are: ${clients.map(({ client }) => client).join(', ')}.`,
  )
  process.exit(1)
}
const asked = clients.filter(({ client }) => positionals.length === 0 || positionals.includes(client))
const trials = await Promise.all(asked.map(attempt))
const rows = trials.map(({ client, level, cases }) => ({
  client,
  level,
  passed: cases.filter(({ passed }) => passed).length,
  failed: cases.filter(({ passed }) => !passed).length,
}))
if (values.json) console.log(JSON.stringify(rows))
else {
  const width = Math.max(...rows.map(({ client }) => client.length))
  console.log(`${'client'.padEnd(width)}  level  passed  failed`)
  for (const { client, level, passed, failed } of rows) {
    console.log(
      `${client.padEnd(width)}  ${`${level} of ${LEVEL}`.padEnd(6)} ${String(passed).padStart(6)}  ${String(failed).padStart(6)}`,
    )
  }
  for (const { client, cases } of trials)
    for (const { name, passed, why } of cases) if (!passed) console.log(`${client}: ${name}: ${why}`)
  const sum = (what: 'passed' | 'failed') => rows.reduce((total, row) => total + row[what], 0)
  console.log(`conformance: ${sum('passed')} passed, ${sum('failed')} failed`)
}
if (rows.some(({ level, failed }) => level < LEVEL || failed > 0)) process.exitCode = 1

function attempt({ client, command, folder, env }: Client): Promise<Trial> {
  const cli = join(import.meta.dirname, '../lib/cli.js')
  const server = values['existing-redis'] ? ['--existing-redis'] : []
  const args = [cli, 'conformance', '--json', '--jobs', String(JOBS), ...server, '--', ...command]
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: folder, env: { ...process.env, ...env } },
      (_error, stdout, stderr) => {
        try {
          resolve({ client, ...(JSON.parse(stdout) as Omit<Trial, 'client'>) })
        } catch {
          // It ended before it could try anything.
          resolve({
            client,
            level: 0,
            cases: [{ name: 'the trial itself', passed: false, why: stderr.trim() }],
          })
        }
      },
    )
  })
}
