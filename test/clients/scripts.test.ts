import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('every client carries the beat script of src/protocol/scripts', () => {
  const script = join(import.meta.dirname, '../../script/clients.ts')
  expect(() => execFileSync(process.execPath, [script, '--check'], { encoding: 'utf8' })).not.toThrow()
})
