import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ScriptedParticipant } from '../gate/support/scripted.ts'
import { LIMIT } from '../participant/support/lines.ts'
import { CLI, finished, openScene, type Scene } from './support/scene.ts'

vi.setConfig({ testTimeout: 60_000 })

let scene: Scene
const terminals: ChildProcess[] = []
beforeEach(async () => {
  scene = await openScene()
})
afterEach(async () => {
  for (const terminal of terminals.splice(0)) terminal.kill('SIGKILL')
  await scene[Symbol.asyncDispose]()
})

const scripted = (dyno: string) => new ScriptedParticipant(scene.other.redis, scene.other.keys, dyno, 'clock')
const status = (...options: string[]) => scene.run('status', ...options)

describe('a status', () => {
  it('shows who takes part and the drain in force, without colours on what is no terminal', async () => {
    const clock = await scene.clocks.boot('v42')
    await scene.clocks.startJob(clock)
    const drain = scene.start(['drain', '--by', 'alice', '--', 'true'])
    await drain.saw(/accepted/)
    await scene.other.sees({ running: 1, note: 'counting boxes' })
    const { code, stdout, stderr } = await status()
    expect([code, stderr]).toEqual([0, ''])
    expect(
      `\n${stdout
        // A lease of a minute is `1 min` while it is new.
        .replace(/\d+(\.\d+)? s|\d+ min/g, 'N s')
        .replace(/\d+[sm]\b/g, 'Ns')
        .replace(/ +Ns/g, ' Ns')}`,
    ).toBe(`
gate   default
drain  draining, asked for N s ago, replaces v42
asker  alice
lease  N s left, renewed N s ago

DYNO     TYPE   RELEASE  STATE     RUN  FIN  STO  SEEN  HELD  NOTE
clock.1  clock  v42      draining    1    0    0 Ns Ns  counting boxes
`)
    await scene.clocks.endJob()
    await drain.ended
  })

  it('is cut to the width that is given', async () => {
    await scripted('clock.1').beat({ note: 'x'.repeat(200) })
    const program = scene.start(['status'], { env: { COLUMNS: '70' } })
    const { stdout } = await finished(program)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBe(70)
  })

  it('has all fields as JSON, on one line', async () => {
    await scripted('clock.2').beat({ app: 'shop', release: 'v42', note: 'a\u001b[2Jb' })
    const held = scripted('clock.1')
    await held.beat()
    const { epoch } = await scene.other.acquire({ replaces: 'v42' })
    await held.answer('drained', { finished: 2, stored: 1 })
    const { code, stdout } = await status('--json')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\{[\x20-\x7e]*\}\n$/)
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const common = { type: 'clock', version: '1', running: 0, joined: time, seen: time }
    expect(JSON.parse(stdout)).toEqual({
      gate: 'default',
      at: time,
      drain: {
        phase: 'draining',
        id: expect.any(String),
        epoch,
        version: '1',
        asker: { name: 'test' },
        replaces: 'v42',
        since: time,
        leaseUntil: time,
        targets: ['clock.1#a', 'clock.2#a'],
      },
      participants: [
        {
          ...{ ...common, id: 'clock.1#a', dyno: 'clock.1', state: 'drained', epoch },
          ...{ finished: 2, stored: 1, heldUntil: time },
        },
        {
          ...{ ...common, id: 'clock.2#a', dyno: 'clock.2', state: 'running', finished: 0, stored: 0 },
          ...{ app: 'shop', release: 'v42', note: 'a\u001b[2Jb' },
        },
      ],
    })
  })

  it('tells of an empty gate, and of its own only', async () => {
    await scripted('clock.1').beat()
    expect((await status('--gate-name', 'office')).stdout).toMatch(
      /^gate {3}office\n.*none in force\n\nNobody/,
    )
    expect(JSON.parse((await status('--json', '--gate', 'office')).stdout)).toMatchObject({
      drain: null,
      participants: [],
    })
  })
})

describe('a status that is watched as JSON', () => {
  it('has a line for each change, and none for a beat; tells of an outage, and goes on after it', async () => {
    const clock = scripted('clock.1')
    await clock.beat()
    const program = scene.start(['status', '--watch', '--json'])
    const lines = () =>
      program.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    const states = () =>
      lines().map((one) => one.unreachable ?? one.participants.map((row: { state: string }) => row.state))
    await expect.poll(states, LIMIT).toEqual([['running']])
    await clock.beat()
    await clock.beat({ note: 'counting' })
    await expect.poll(states, LIMIT).toEqual([['running'], ['running']])
    expect(lines()[1].participants[0].note).toBe('counting')
    await scene.redis.kill()
    await expect.poll(() => lines().at(-1)?.unreachable, LIMIT).toMatch(/the connection was lost/)
    await scene.redis.restart({ keepData: true })
    await expect.poll(states, LIMIT).toHaveLength(4)
    expect(states()[3]).toEqual(['running'])
    const { epoch } = await scene.other.acquire()
    await clock.beat({ state: 'exited', epoch })
    await expect.poll(() => states().at(-1), LIMIT).toEqual(['exited'])
    expect(lines().at(-1).drain).toMatchObject({ phase: 'draining', asker: { name: 'test' } })
    program.kill('SIGINT')
    expect((await finished(program)).code).toBe(130)
    expect(program.stderr).toBe('')
  })

  it('ends quietly when nobody reads it any more', async () => {
    const clock = scripted('clock.1')
    await clock.beat()
    const env = { PATH: process.env.PATH, REDIS_URL: scene.redis.url }
    const child = spawn(process.execPath, [CLI, 'status', '--watch', '--json'], { env })
    terminals.push(child)
    let [complained, notes] = ['', 0]
    child.stderr.on('data', (piece) => {
      complained += piece
    })
    const ended = new Promise((resolve) => child.on('exit', resolve))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    // It learns that nobody reads when it writes.
    const changes = setInterval(() => void clock.beat({ note: String(++notes) }), 100)
    expect(await ended.finally(() => clearInterval(changes))).toBe(0)
    expect(complained).toBe('')
  })
})

describe('a status that is watched on a terminal', () => {
  /**
   * Runs the command on a terminal of its own, made by script(1) of util-linux, which every Debian has. In what it printed, ESC and
   * BEL are shown.
   */
  function watch(env: Record<string, string> = {}) {
    const command = `stty rows 20 columns 80; exec "${process.execPath}" "${CLI}" status --watch`
    const child = spawn('script', ['-qefc', command, '/dev/null'], {
      env: {
        PATH: process.env.PATH ?? '',
        REDIS_URL: scene.redis.url,
        TERM: 'xterm',
        SHELL: '/bin/sh',
        ...env,
      },
    })
    terminals.push(child)
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (piece) => {
      printed += piece.replaceAll('\u001b', '<ESC>').replaceAll('\u0007', '<BEL>')
    })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    const saw = (pattern: RegExp) => expect.poll(() => printed, LIMIT).toMatch(pattern)
    return { saw, printed: () => printed, type: (keys: string) => child.stdin.write(keys), ended }
  }
  const [HIDE, SHOW, UP] = ['<ESC>[?25l', '<ESC>[?25h', /<ESC>\[\d+A/]

  it('is drawn over itself as things change, and gives the cursor back when it is interrupted', async () => {
    const clock = scripted('clock.1')
    await clock.beat({ note: 'first' })
    const terminal = watch()
    await terminal.saw(/clock\.1 .* first/)
    expect(terminal.printed().startsWith(HIDE)).toBe(true)
    await clock.beat({ note: 'second' })
    await terminal.saw(/clock\.1 .* second/)
    expect(terminal.printed()).toMatch(UP)
    expect(terminal.printed()).not.toContain(SHOW)
    terminal.type('\u0003')
    expect(await terminal.ended).toBe(130)
    expect(terminal.printed().trimEnd().endsWith(SHOW)).toBe(true)
  })

  it('survives a Redis that goes away: says so, and goes on', async () => {
    await scripted('clock.1').beat({ note: 'first' })
    const terminal = watch({ NO_COLOR: '1' })
    await terminal.saw(/clock\.1 .* first/)
    await scene.redis.kill()
    await terminal.saw(/As it was .* ago\. Redis at .*the connection was lost/)
    await scene.redis.restart({ keepData: true })
    await scripted('clock.2').beat({ note: 'back' })
    await terminal.saw(/clock\.2 .* back/)
    const last = terminal.printed().split(UP).at(-1)
    expect(last).not.toContain('As it was')
    terminal.type('\u0003')
    expect(await terminal.ended).toBe(130)
  })

  it('shows what is hostile, and obeys none of it', async () => {
    await scripted('clock.1').beat({
      note: 'a\u001b[31mred\u001b]0;title\u0007b',
      state: 'failed',
      epoch: '1',
    })
    const terminal = watch({ NO_COLOR: '1' })
    await terminal.saw(/clock\.1 .* aredb/)
    terminal.type('\u0003')
    await terminal.ended
    expect(terminal.printed()).not.toMatch(/<ESC>\[31m|<ESC>\]|<BEL>/)
  })

  it('has colours, unless NO_COLOR says otherwise', async () => {
    await scripted('clock.1').beat({ state: 'failed', epoch: '1' })
    const terminal = watch()
    await terminal.saw(/<ESC>\[31mclock\.1/)
    terminal.type('\u0003')
    await terminal.ended
  })
})
