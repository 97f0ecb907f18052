/** `deploy-gate status --watch` in a terminal while a real deploy passes its gate. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openShop } from '../test/integration/support/shop.ts'
import { renderFilm } from './film.ts'
import { type Frame, record } from './terminal.ts'

const CLI = join(import.meta.dirname, '../lib/cli.js')
const SIZE = { columns: 80, rows: 10 }
/** So that there is time to read, in the run itself as in its picture. */
const [A_LOOK_MS, BUILD_MS, LAST_MS] = [3_000, 5_000, 5_000]
const FILES = { Procfile: 'clock: node clock.js\nworker: node clock.js\n' }
const JOBS = 3

/** @returns the animated SVG */
export async function filmStatusWatch(): Promise<string> {
  await using shop = await openShop({ files: FILES, formation: { clock: 1, worker: 1 } })
  for (let at = 0; at < JOBS; at++) await shop.startJob()
  shop.app.nextBuild({ hold: true })
  const env = { REDIS_URL: shop.redis.url, HOME: shop.path }
  const recording = record([process.execPath, CLI, 'status', '--watch'], env, SIZE)
  await sleep(A_LOOK_MS)
  await using step = shop.step({ processes: 'clock,worker' }, FILES)
  await step.waitForLine(/^worker\.1 accepted/)
  for (let at = 0; at < JOBS; at++) {
    await sleep(A_LOOK_MS)
    await shop.endJob()
  }
  await shop.heroku.log.waitFor(({ kind }) => kind === 'push-received', { timeoutMs: 60_000 })
  await sleep(BUILD_MS)
  shop.app.releaseBuild()
  const { outputs, log } = await step.done
  if (outputs.outcome !== 'deployed') throw new Error(`ended as ${outputs.outcome}, not as deployed:\n${log}`)
  await sleep(A_LOOK_MS)
  const frames = (await recording.stop()).filter(({ lines }) => textOf(lines).includes('gate'))
  const still = frames.findLast((frame) => isTelling(textOf(frame.lines)))
  if (!still) throw new Error('No frame shows one participant drained and another one draining.')
  return renderFilm(frames, SIZE, { title: '$ deploy-gate status --watch', still, lastMs: LAST_MS })
}

/** One is drained, while another one waits for its job. */
function isTelling(text: string): boolean {
  return / drained /.test(text) && / draining {2}.*counting/.test(text)
}

function textOf(lines: Frame['lines']): string {
  return lines.map((runs) => runs.map(({ text }) => text).join('  ')).join('\n')
}
