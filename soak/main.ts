/** Lives through random histories: `script/soak --minutes N [--from SEED] [--json]`, or one again by `script/soak --seed N`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type History, live } from './history.ts'
import { liveMany } from './many.ts'
import { planHistory } from './plan.ts'
import { Tally } from './tally.ts'

const KEPT = join(import.meta.dirname, 'regressions')

const { minutes, from, seed, json } = readOptions()
process.on('unhandledRejection', (error) => {
  console.error(
    'A rejection that nobody handles, which would have ended the process that it came up in:',
    error,
  )
  process.exit(1)
})
if (seed !== undefined) {
  const history = await live(seed)
  console.log(history.lines.join('\n'))
  process.exit(history.violations.length > 0 ? 1 : 0)
}

const until = performance.now() + minutes * 60_000
const tally = new Tally()
if (!json) console.log(`random histories for ${minutes} min, from seed ${from} on`)
const timer = setInterval(() => {
  if (!json)
    console.log(`${tally.histories} histories, ${tally.pushes} pushes, ${tally.violations} violations`)
}, 60_000)
await liveMany(
  from,
  () => performance.now() < until,
  (history) => {
    tally.add(history)
    if (history.violations.length > 0) keep(history)
  },
)
clearInterval(timer)
const { histories, pushes, violations, faults, outcomes } = tally
if (json) console.log(JSON.stringify({ histories, pushes, faults, violations }))
else {
  const lines = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, count]) => `${String(count).padStart(8)}  ${name}`)
  console.log(['', 'deploys by their end', ...lines(outcomes), '', 'faults', ...lines(faults), ''].join('\n'))
  console.log(`${histories} histories, ${pushes} pushes, ${violations} violations`)
}
process.exit(violations > 0 ? 1 : 0)

/** Shows a history that broke a rule, and keeps its plan: the tests live through it again. */
function keep({ seed, violations, lines }: History): void {
  const file = join(KEPT, `${seed}.json`)
  writeFileSync(file, `${JSON.stringify(planHistory(seed), null, 2)}\n`)
  console.error(lines.join('\n'))
  for (const { rule, what } of violations) console.error(`seed ${seed} breaks ${rule}: ${what}`)
  console.error(`Its plan is kept in ${file}. Again: script/soak --seed ${seed}`)
}

function readOptions() {
  const whole = (name: string, text: string) => {
    if (!/^\d{1,9}$/.test(text))
      fail(`--${name} is ${JSON.stringify(text)}. Expected a whole number of at most nine digits.`)
    return Number(text)
  }
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '1' },
        from: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const minutes = Number(values.minutes)
    if (!(minutes > 0 && minutes <= 1_440))
      fail(`--minutes is ${JSON.stringify(values.minutes)}. Expected a number above 0, and at most 1440.`)
    return {
      minutes,
      from: whole('from', values.from ?? String(Math.floor(Math.random() * 1_000_000) * 100)),
      seed: values.seed === undefined ? undefined : whole('seed', values.seed),
      json: values.json,
    }
  } catch (error) {
    return fail((error as Error).message)
  }
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
