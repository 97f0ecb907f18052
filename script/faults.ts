/** The table of faults: `node --import ./test/support/lua-text.mjs script/faults.ts [--json] [--check]`. */
import { parseArgs } from 'node:util'
import { readTable, writeTable } from '../soak/table/docs.ts'
import { JOBS, playAll, SPEED } from '../soak/table/play.ts'
import { differences, parse, render, tableOf } from '../soak/table/table.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
})
const stories = await playAll(JOBS, SPEED)
const documented = parse(readTable())
const wrong = differences(stories, documented)
const broken = stories.filter(({ result }) => result.violations.length > 0)
if (values.json)
  console.log(
    JSON.stringify(
      stories.map(({ fault, moment, result: { lines: _, ...result } }) => ({
        group: fault.group,
        fault: fault.name,
        moment,
        ...result,
      })),
    ),
  )
if (values.check) for (const line of wrong) console.error(line)
else {
  const table = render(tableOf(stories, documented))
  if (!values.json) console.log(table)
  writeTable(table)
  for (const { fault, moment, result } of broken)
    console.error(`${fault.group}: ${fault.name}, ${moment}:\n${result.lines.join('\n')}`)
}
if (!values.json) console.log(`faults: ${stories.length} stories, ${broken.length} break a rule`)
// Clients of processes that are gone may still be waiting for their time.
process.exit((values.check ? wrong : broken).length > 0 ? 1 : 0)
