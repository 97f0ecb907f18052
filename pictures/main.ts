/** Makes the pictures: `script/pictures [--only NAME]...`. See pictures/README.md. */
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { renderSummary } from '../src/action/summary.ts'
import { openCamera } from './browser.ts'
import { drawCharts, githubPage, MERMAID, THEMES } from './github-page.ts'
import { DEPLOYS, type Deploy } from './outcomes.ts'
import { SHAPES } from './shapes.ts'
import { filmStatusWatch } from './status-watch.ts'

const OUT = join(import.meta.dirname, 'out')
const DOCS = join(import.meta.dirname, '../docs/pictures')
/** About as wide as GitHub shows a summary. */
const WIDTH = 900
/** Of the runs at the same time: each is a handful of processes that wait most of the time. */
const AT_ONCE = 3
const STATUS = 'status-watch'
/** Of the film, how it looks where it does not play, and at these seconds. */
const LOOKED_AT = [1, 5, 8, 11, 14, 20]
/** Every reader of the documentation loads these. */
const MOST_BYTES = 200_000

/** Which summaries are shown in docs/pictures/, by their names there. */
const SHOWN: Readonly<Record<string, string>> = {
  deployed: 'summary',
  'build-failed': 'summary-build-failed',
}

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } })
const known = [...Object.keys(DEPLOYS), STATUS, ...Object.keys(SHAPES)]
const unknown = (values.only ?? []).filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`There is no picture ${unknown.join(', ')}. --only takes one of:\n  ${known.join('\n  ')}`)
  process.exit(1)
}
const wanted = ([name]: readonly [string, unknown]) => values.only?.includes(name) ?? true

mkdirSync(OUT, { recursive: true })
mkdirSync(DOCS, { recursive: true })
const failed: string[] = []
await using camera = await openCamera(process.env.CHROMIUM ?? '/usr/bin/chromium')

for (const [name, report] of Object.entries(SHAPES).filter(wanted)) {
  await attempt(name, () => drawSummary(name, renderSummary(report)))
}
const runs: [name: string, run: () => Promise<void>][] = [
  [STATUS, drawStatus],
  ...Object.entries(DEPLOYS).map(([name, deploy]): [string, () => Promise<void>] => [
    name,
    async () => drawSummary(name, await summaryOf(deploy)),
  ]),
]
const left = runs.filter(wanted)
const work = async () => {
  for (let next = left.shift(); next; next = left.shift()) await attempt(...next)
}
await Promise.all(Array.from({ length: AT_ONCE }, work))

if (failed.length > 0) {
  console.error(`\nNot made: ${failed.join(', ')}`)
  process.exitCode = 1
}

async function attempt(name: string, make: () => Promise<void>): Promise<void> {
  try {
    await make()
    console.log(name)
  } catch (error) {
    failed.push(name)
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function summaryOf({ outcome, run }: Deploy): Promise<string> {
  const { outputs, summary, log } = await run()
  if (outputs.outcome !== outcome) {
    throw new Error(`ended as ${outputs.outcome}, not as ${outcome}:\n${log.slice(-3_000)}`)
  }
  return summary
}

/** @throws Error also when mermaid can't read the chart */
async function drawSummary(name: string, markdown: string): Promise<void> {
  writeFileSync(join(OUT, `${name}.md`), markdown)
  for (const theme of THEMES) {
    const file = join(OUT, `${name}-${theme}.png`)
    const ready = drawCharts(theme)
    await camera.shoot(githubPage(markdown, theme), file, { width: WIDTH, scripts: [MERMAID], ready })
    const shown = SHOWN[name]
    if (shown) publish(file, `${shown}-${theme}.png`)
  }
}

async function drawStatus(): Promise<void> {
  const file = join(OUT, `${STATUS}.svg`)
  const svg = await filmStatusWatch()
  writeFileSync(file, svg)
  const look = (name: string, ready: string) =>
    camera.shoot(`<body style="margin: 8px">${svg}`, join(OUT, `${STATUS}-${name}.png`), {
      width: WIDTH,
      ready,
    })
  await look('still', 'document.getAnimations().forEach((one) => one.cancel())')
  for (const second of LOOKED_AT) {
    const at = `one.pause(); one.currentTime = ${second * 1_000}`
    await look(`${second}s`, `document.getAnimations().forEach((one) => { ${at} })`)
  }
  publish(file)
}

function publish(file: string, name = basename(file)): void {
  const { size } = statSync(file)
  if (size > MOST_BYTES) throw new Error(`${file} has ${size} bytes: too many for docs/pictures/.`)
  copyFileSync(file, join(DOCS, name))
}
