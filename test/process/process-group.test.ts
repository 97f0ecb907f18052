import { afterEach, describe, expect, it } from 'vitest'
import { type Command, type Ended, runGroup } from '../../src/process/process-group.ts'
import { processes } from '../heroku/support/processes.ts'
import { type ScriptedTime, scriptedTime, surroundings } from '../heroku/support/surroundings.ts'
import { rejection } from '../heroku/support/world.ts'

const KILL_AFTER_MS = 2_000
const CLOSE_WITHIN_MS = 5_000

/** What a test leaves on purpose outside of the group. */
const strays: number[] = []
afterEach(() => {
  for (const pid of strays.splice(0)) process.kill(pid, 'SIGKILL')
})

interface Over extends Partial<Pick<Command, 'program' | 'cwd' | 'input' | 'onBytes'>> {
  readonly time?: ScriptedTime
}

function run(script: string, { time, ...over }: Over = {}) {
  const around = surroundings({ time: time ?? scriptedTime(() => false) })
  const lines: string[] = []
  const command = {
    program: '/bin/sh',
    args: ['-c', script],
    cwd: '/',
    env: { PATH: process.env.PATH ?? '', GREETING: 'hello' },
    onLine(line: string, stream: string) {
      lines.push(`${stream}: ${line}`)
      around.log.info(line)
    },
    ...over,
  }
  const done: Promise<Ended> = runGroup(command, around)
  done.catch(() => {})
  return { done, lines, around }
}

const alive = (pid: string) => processes().some((process) => process.pid === Number(pid))

describe('a program', { timeout: 20_000 }, () => {
  it('gets its arguments, folder and environment, and nothing else of the environment', async () => {
    const { done, lines } = run('pwd; echo $GREETING; echo "home is $HOME"', { cwd: '/usr' })
    expect(await done).toEqual({ code: 0 })
    expect(lines).toEqual(['stdout: /usr', 'stdout: hello', 'stdout: home is'])
  })

  it('tells its streams apart, and its exit code', async () => {
    const { done, lines } = run('echo out; echo err >&2; printf unended; exit 7')
    expect(await done).toEqual({ code: 7 })
    expect(lines.filter((line) => line.startsWith('stdout'))).toEqual(['stdout: out', 'stdout: unended'])
    expect(lines.filter((line) => line.startsWith('stderr'))).toEqual(['stderr: err'])
  })

  it('has no code when a signal from outside ends it', async () => {
    expect(await run('kill -KILL $$').done).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('gets no input to wait for', async () => {
    const { done, lines } = run('cat; echo end of input')
    await done
    expect(lines).toEqual(['stdout: end of input'])
  })

  it('gets an input, and gives its output to the byte', async () => {
    const input = Buffer.concat([Buffer.from('one \r\n\n\0two '), Buffer.alloc(300_000, 0xff)])
    const pieces: Buffer[] = []
    const onBytes = (piece: Buffer) => void pieces.push(piece)
    const { done, lines } = run('cat; echo err >&2', { input, onBytes })
    expect(await done).toEqual({ code: 0 })
    expect(Buffer.concat(pieces).equals(input)).toBe(true)
    expect(lines).toEqual(['stderr: err'])
  })

  it('need not read all of its input', async () => {
    expect(await run('exit 3', { input: Buffer.alloc(1_000_000) }).done).toEqual({ code: 3 })
  })

  it('runs in a group of its own', async () => {
    const { done, lines } = run('echo $$; ps -o pgid= -p $$')
    await done
    const [pid, group] = lines.map((line) => line.replace(/^stdout: */, ''))
    expect(group).toBe(pid)
  })

  it('that cannot be started rejects with what the system says', async () => {
    const error = await rejection(run('', { program: '/nowhere/git' }).done)
    expect(error).toMatchObject({ code: 'ENOENT', path: '/nowhere/git' })
  })

  it('that leaves its output open to somebody is not waited for without end', async () => {
    const time = scriptedTime(() => false)
    const { done, around } = run('setsid sleep 1000 & echo $!', { time })
    // setsid becomes sleep, since a child of a shell leads no group.
    const pid = await around.logged(/^\d+$/)
    strays.push(Number(pid))
    await time.asleep(CLOSE_WITHIN_MS)
    expect(alive(pid)).toBe(true)
    time.elapse(CLOSE_WITHIN_MS)
    expect(await done).toEqual({ code: 0 })
  })
})

describe('a program that is told to stop', { timeout: 20_000 }, () => {
  const reason = new Error('the job was cancelled')

  it('ends with all that it has started', async () => {
    const { done, around } = run('(sleep 1000 & echo grandchild $!; wait) & echo leader $$; wait')
    const grandchild = (await around.logged(/^grandchild/)).replace('grandchild ', '')
    const leader = (await around.logged(/^leader/)).replace('leader ', '')
    expect(processes().filter(({ group }) => group === Number(leader)).length).toBeGreaterThan(2)
    around.abort(reason)
    expect(await rejection(done)).toBe(reason)
    expect(alive(grandchild)).toBe(false)
    expect(processes().filter(({ group }) => group === Number(leader))).toEqual([])
  })

  it('may tidy up first', async () => {
    const { done, lines, around } = run('trap "echo tidy; exit 0" TERM; echo ready; sleep 1000 & wait')
    await around.logged(/^ready$/)
    around.abort(reason)
    expect(await rejection(done)).toBe(reason)
    expect(lines).toContain('stdout: tidy')
  })

  it('is killed two seconds later when it does not listen', async () => {
    const time = scriptedTime(() => false)
    const { done, around } = run('trap "" TERM; echo $$; while :; do sleep 1000; done', { time })
    const pid = await around.logged(/^\d+$/)
    around.abort(reason)
    await time.asleep(KILL_AFTER_MS)
    expect(alive(pid)).toBe(true)
    time.elapse(KILL_AFTER_MS)
    expect(await rejection(done)).toBe(reason)
    expect(alive(pid)).toBe(false)
  })

  it('leaves no child that does not listen, though it ends itself at once', async () => {
    const { done, around } = run('(trap "" TERM; echo deaf; exec sleep 1000) & echo child $!; wait')
    await around.logged(/^deaf$/)
    const child = (await around.logged(/^child/)).replace('child ', '')
    around.abort(reason)
    expect(await rejection(done)).toBe(reason)
    expect(alive(child)).toBe(false)
  })

  it('is not started at all when that was before', async () => {
    const around = surroundings()
    around.abort(reason)
    let heard = false
    const onLine = () => {
      heard = true
    }
    const command = { program: '/bin/echo', args: ['hello'], cwd: '/', env: {}, onLine }
    expect(await rejection(runGroup(command, around))).toBe(reason)
    expect(heard).toBe(false)
  })
})
