/**
 * What the workflow self-test.yml does around the Action: `node script/self-test/main.ts start <scene>` and `… check <scene>`.
 *
 * start: an app at a local Heroku, its clock at work, and in the workspace a change to deploy. It goes on in the background; its outputs
 * are what the step needs. check: ends with 1 unless the step and the app did what the scene is for.
 */
import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { complaints } from './check.ts'
import { isScene, SCENES, type Scene } from './scene.ts'

const [command, scene = ''] = process.argv.slice(2)
if (!isScene(scene)) fail(`There is no scene "${scene}". There are: ${SCENES.join(', ')}.`)
if (command === 'start') await start(scene)
else if (command === 'check') check(scene)
else fail(`"${command}" is neither start nor check.`)

/** Starts world.ts, which lives on when this has ended, and writes what it says as outputs. */
async function start(scene: Scene): Promise<void> {
  const folder = mkdtempSync(join(process.env.RUNNER_TEMP ?? tmpdir(), 'self-test-'))
  const log = join(folder, 'world.log')
  const output = openSync(log, 'w')
  const world = spawn(process.execPath, [join(import.meta.dirname, 'world.ts'), scene, folder], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
  })
  const ready = await new Promise<Record<string, string> | undefined>((resolve) => {
    world.once('message', (said) => resolve(said as Record<string, string>))
    world.once('exit', () => resolve(undefined))
  })
  if (!ready) fail(`The local Heroku did not start:\n${readFileSync(log, 'utf8')}`)
  world.disconnect()
  world.unref()
  const outputs = { ...ready, pid: String(world.pid), log }
  const lines = Object.entries(outputs).map(([name, value]) => `${name}=${value}\n`)
  if (process.env.GITHUB_OUTPUT) appendFileSync(process.env.GITHUB_OUTPUT, lines.join(''))
  console.log(lines.join(''))
}

/** Reads the step's outcome from $OUTCOME, its outputs from $OUTPUTS, and what the app lived through from the file $EVENTS. */
function check(scene: Scene): void {
  const { OUTCOME = '', OUTPUTS = '{}', EVENTS = '' } = process.env
  const events = readFileSync(EVENTS, 'utf8').trimEnd().split('\n')
  const found = complaints(scene, { outcome: OUTCOME, outputs: JSON.parse(OUTPUTS), events })
  if (found.length > 0) fail(`${found.join('\n')}\nWhat the app lived through:\n${events.join('\n')}`)
  console.log(`${scene}: as it should be. What the app lived through:\n${events.join('\n')}`)
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
