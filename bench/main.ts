/** Measures, one bench after the other, and prints all figures: `script/bench [bench …] [--json] [--quick] [--write]`. */
import { parseArgs } from 'node:util'
import { measureCrowd } from './crowd/crowd.ts'
import { measureFar } from './drain/far.ts'
import { measureIdleDrain } from './drain/idle.ts'
import { type Figure, line, table } from './figure.ts'
import { writePage } from './page.ts'
import { measureParticipant } from './participant/participant.ts'
import { measureQuiet } from './quiet/quiet.ts'
import { measureStart } from './start/start.ts'

/** What a run is to be like. */
export interface Extent {
  /** so few rounds that the figures say nothing: whether everything can be measured is what is asked */
  readonly quick: boolean
}

const BENCHES: Readonly<Record<string, (extent: Extent) => Promise<readonly Figure[]>>> = {
  start: measureStart,
  drain: measureIdleDrain,
  far: measureFar,
  participant: measureParticipant,
  crowd: measureCrowd,
  quiet: measureQuiet,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const unknown = positionals.filter((name) => !(name in BENCHES))
if (unknown.length > 0) {
  console.error(
    `script/bench: there is no bench ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}.`,
  )
  process.exit(1)
}

if (values.write && (values.quick || positionals.length > 0)) {
  console.error(
    'script/bench: --write puts a whole run into docs/performance.md, so neither --quick nor a bench goes with it.',
  )
  process.exit(1)
}

const figures: Figure[] = []
for (const [name, measure] of Object.entries(BENCHES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const began = performance.now()
  figures.push(...(await measure(values)))
  console.error(`${name}: measured in ${Math.round((performance.now() - began) / 1_000)} s`)
}
if (values.write) writePage(figures)
console.log(values.json ? line(figures) : table(figures))
