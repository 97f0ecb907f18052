import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, it } from 'vitest'
import { marked } from '../../src/process/container.ts'

const cli = join(import.meta.dirname, '../../lib/cli.js')
const listener = join(import.meta.dirname, 'listener.js')
const LIMIT_MS = 240_000

/** What breaks which rule, and by what the suite notices it. */
const MUTANTS: readonly (readonly [rule: string, case_: string, why: RegExp])[] = [
  ['own script', 'joins', /does not run the beat script/],
  ['always first', 'joins', /no second beat/],
  ['wrong type', 'joins', /process type clock\.1/],
  ['hold as a duration', 'accepts and is drained', /says hold/],
  ['deaf to the withdrawal', 'resumes when the drain is withdrawn', /no row with state running/],
  ['keeps its epoch', 'resumes when the drain is withdrawn', /still answers/],
  ['drains once', 'drains again and again', /no row with state drained/],
  ['heeds whatever is there', 'leaves an old request alone', /its last row: drained/],
  ['heeds what is for others', 'is not meant when another process type is', /worker is asked, and it drains/],
  ['heeds any version', 'is not meant by a request of another version', /that it can not read/],
  ['no goodbye', 'ends at SIGTERM, saying goodbye', /not exited/],
  ['beats too rarely', 'hears of a drain though the doorbell was lost', /no row with state drained/],
  ['no renewal', 'stays held while the lease is renewed', /resumes though the lease is renewed/],
  ['forgets when it beats next', 'beats when its last beat said it would', /promised a beat within 5000 ms/],
  ['no boot barrier', 'waits, held, when it boots into a drain', /it said running|scheduled before/],
  ['heeds what is for others', 'runs at once when it is the new release', /its last row: drained/],
  ['same id', 'takes its own place when it is killed and boots again', /id of its first boot/],
  ['resumes at SIGTERM', 'ends at SIGTERM while held, without resuming', /on its way out/],
  ['schedules on its way out', 'ends at SIGTERM without ever having scheduled', /scheduled on its way out/],
  ['released is over', 'stays quiet after a release', /resumes beside the new release/],
  ['lapses after the release', 'stays quiet after a release', /resumes beside the new release/],
  ['quiet for good', 'stays quiet after a release', /no row with state running/],
  ['blind to the newer', 'never resumes while a newer release is there', /beside a newer release/],
  ['never lapses', 'resumes by itself when the lease ends', /no row with state running/],
  ['lost is over', 'keeps on when the intent is lost', /before the lease ended/],
  ['heeds a lower epoch', 'keeps on when it meets a lower epoch', /before the lease ended/],
  ['resumes in between', 'answers a higher epoch without resuming', /between the two drains/],
  ['ends without Redis', 'goes on when Redis goes away', /the program ended with code 1/],
  ['resumes without Redis', 'stays held when Redis goes away', /with Redis back it says running/],
  ['no clock of its own', 'resumes by its own clock', /must be running again, and it says drained/],
  ['waits for Redis', 'starts without Redis', /it says booting/],
  ['no timeout', 'notices a connection that is half open', /no row with state running/],
  ['drained at once', 'lets a job finish, begins none', /no row with state draining|it should be 0, 1, 0/],
  ['schedules while held', 'lets a job finish, begins none', /it schedules while it is held/],
  ['silent while draining', 'is drained late', /it was silent for/],
  ['tells nothing', 'tells how far it is', /no row says that 2 jobs run/],
  ['counts while running', 'tells how far it is', /though nothing is asked/],
  ['deaf to force', 'stores jobs when it is told to', /no row with state drained/],
  ['job lost at the resume', 'goes on when the drain is withdrawn while a job runs', /the job is lost/],
  ['drained at the next deploy', 'drains for the next deploy', /it should be 0, 1, 0/],
  ['waits for ever at SIGTERM', 'stores jobs 20 s after SIGTERM', /did not end within/],
  ['job lost at SIGTERM', 'lets a job finish at SIGTERM', /the job did not finish/],
]

async function conformance(...args: string[]) {
  const run = promisify(execFile)(process.execPath, [cli, 'conformance', '--json', ...args])
  const { stdout, code } = await run.then(
    ({ stdout }) => ({ stdout, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  )
  const { level, cases } = JSON.parse(stdout) as {
    level: number
    cases: { name: string; level: number; passed: boolean; why: string }[]
  }
  return { code, level, cases }
}

describe.concurrent('of listeners', () => {
  it('one that keeps all rules reaches the highest level', { timeout: LIMIT_MS }, async ({ expect }) => {
    const { code, level, cases } = await conformance('--jobs', '40', '--', process.execPath, listener)
    expect(cases.filter(({ passed }) => !passed)).toEqual([])
    expect([code, level]).toEqual([0, 3])
  })

  it('one whose children outlive it does not hold the trial up, nor outlive that', {
    timeout: LIMIT_MS,
  }, async ({ expect }) => {
    const mark = `TRIAL=${randomUUID()}`
    const script = `export ${mark}; (setsid sleep 600 &); exec "$@"`
    const { code } = await conformance(
      '--only',
      'accepts and is drained',
      '--',
      ...['sh', '-c', script, 'sh', process.execPath, listener],
    )
    expect(code).toBe(0)
    expect(marked(mark)).toEqual([])
  })

  it.for(MUTANTS)(
    'one that breaks a rule is found out: %s',
    { timeout: LIMIT_MS },
    async ([rule, name, why], { expect }) => {
      const { code, level, cases } = await conformance('--only', name, '--', process.execPath, listener, rule)
      const noticed = cases.find((one) => one.name.startsWith(name))
      expect(noticed).toMatchObject({ passed: false, why: expect.stringMatching(why) })
      expect(code).toBe(2)
      expect(level).toBeLessThan(noticed?.level ?? 0)
    },
  )
})
