import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { finished, openScene } from './support/scene.ts'

it.each([
  ['is thrown where nobody catches it', 'throw fault'],
  ['is a rejection that nobody handles', 'Promise.reject(fault)'],
])('an error that %s is told without what hangs on it', { timeout: 30_000 }, async (_name, crash) => {
  await using scene = await openScene({ password: 'hush-hush' })
  const fault = join(scene.folder, 'fault.mjs')
  writeFileSync(
    fault,
    `process.on('SIGUSR2', () => {
      const fault = Object.assign(new Error('it\\u001b[2J broke'), { command: { args: [process.env.REDIS_URL] } })
      ${crash}
    })`,
  )
  const watching = scene.start(['status', '--watch'], { env: { NODE_OPTIONS: `--import=${fault}` } })
  await watching.saw(/^gate/)
  watching.kill('SIGUSR2')
  const { code, stderr } = await finished(watching)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^deploy-gate: Error: it broke\n +at /)
  expect(stderr).not.toContain('hush-hush')
})
