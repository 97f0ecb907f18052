/** Checks the model: `node spec/check.ts [--json] [part of a check's name …]`. */
import { parseArgs } from 'node:util'
import { CHECKS, type Check } from './checks.ts'
import { type Finding, verify } from './verify.ts'

/** A search is all work and no waiting. */
const AT_ONCE = 2

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = positionals.filter((part) => !CHECKS.some(({ name }) => name.includes(part)))
if (unknown.length > 0) {
  console.error(
    `No check has ${unknown.map((part) => `"${part}"`).join(', ')} in its name. There are:\n${CHECKS.map(({ name }) => `  ${name}`).join('\n')}`,
  )
  process.exit(1)
}
const asked = CHECKS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
)
const width = Math.max(...asked.map(({ name }) => name.length))
if (!values.json) line('check', 'kind', 'states', 'depth', 'seconds', 'result')

const findings: Finding[] = []
const waiting = [...asked]
const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, work))
for (const end of ends) {
  if (end.status === 'fulfilled') continue
  console.error((end.reason as Error).message)
  process.exit(1)
}
const failed = findings.filter(({ passed }) => !passed).length
if (values.json)
  console.log(
    JSON.stringify(
      findings.map(({ check: { name, kind, settings }, passed, why, states, depth, seconds }) => ({
        name,
        kind,
        settings,
        passed,
        why,
        states,
        depth,
        seconds: Number(seconds.toFixed(1)),
      })),
    ),
  )
else console.log(`model: ${findings.length - failed} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1

async function work(): Promise<void> {
  for (let check: Check | undefined = waiting.shift(); check; check = waiting.shift()) {
    const finding = await verify(check).catch((error: unknown) => {
      // The other search is waited for, so that it does not go on alone.
      waiting.length = 0
      throw error
    })
    findings.push(finding)
    const { passed, why, states, depth, seconds } = finding
    if (!values.json)
      line(check.name, check.kind, states, depth, seconds.toFixed(1), passed ? why : `FAILED: ${why}`)
  }
}

function line(name: string, kind: string, ...figures: (string | number)[]): void {
  const [states, depth, seconds, result] = figures.map(String)
  console.log(
    `${name.padEnd(width)}  ${kind.padEnd(7)} ${states?.padStart(9)} ${depth?.padStart(7)} ${seconds?.padStart(8)}  ${result}`,
  )
}
