import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ROOT, read } from './support/pages.ts'

const LIMIT_MS = 300_000

it(
  'the demo of the README shows a job that is killed without the gate and ends with it',
  async () => {
    // What script/demo runs once it has installed and built, as was done before the tests.
    const [, command = ''] = /^exec node_modules\/\.bin\/node (.*) "\$@"$/m.exec(read('script/demo')) ?? []
    const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, command), '--json'], {
      cwd: ROOT,
      timeout: LIMIT_MS,
    })
    const line = stdout.split('\n').findLast((one) => one.startsWith('{')) ?? '{}'
    expect(JSON.parse(line)).toMatchObject({
      ungated: { job: 'killed' },
      gated: { job: 'finished', outcome: 'deployed' },
    })
  },
  LIMIT_MS,
)
