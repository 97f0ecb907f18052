import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ExitMarker, markExit } from '../../src/heroku/exit-marker.ts'
import { createLineSplitter } from '../../src/process/lines.ts'
import { temporaryFolder } from './support/repository.ts'

let folder: string
let remove: () => Promise<void>
beforeAll(() => {
  ;({ path: folder, remove } = temporaryFolder())
  // A container that has no bash.
  symlinkSync('/bin/dash', join(folder, 'sh'))
  for (const name of ['cat', 'sleep', 'tr']) symlinkSync(`/usr/bin/${name}`, join(folder, name))
})
afterAll(() => remove())

/** Reads what a marked command prints, until its output has ended: its lines, and the codes that its markers tell. */
async function read(
  child: ChildProcessByStdio<Writable | null, Readable, null>,
  marker: ExitMarker,
  onLine = (_line: string) => {},
) {
  const shown: string[] = []
  const codes: number[] = []
  const lines = createLineSplitter((line) => {
    const end = marker.read(line)
    if (end) codes.push(end.code)
    const text = end ? end.before : line
    if (text === '') return
    shown.push(text)
    onLine(text)
  })
  child.stdout.on('data', lines.write).on('end', lines.end)
  const [code] = await once(child, 'close')
  return { shown, codes, code }
}

/** Runs the marked command as a dyno does: one shell, with one stream for all output. */
async function run(marker: ExitMarker, over: { shell?: string; path?: string; input?: string } = {}) {
  const { shell = '/bin/bash', path = process.env.PATH ?? '', input = '' } = over
  const child = spawn('/bin/sh', ['-c', 'exec 2>&1; exec "$0" -c "$1"', shell, marker.commandLine], {
    // Bash reads the startup file of its user when its input is a socket, as a pipe of Node's is.
    env: { PATH: path, HOME: folder },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => {}).end(input)
  return read(child, marker)
}

const NASTY: [name: string, command: string, code: number, output: string[]][] = [
  ['a plain command', 'echo hello', 0, ['hello']],
  ['a failure', 'false', 1, []],
  ['an exit', 'echo one; exit 3; echo two', 3, ['one']],
  ['the highest code', 'exit 255', 255, []],
  ['quotes of both kinds', `echo 'it'"'"'s' "a \\"word\\""`, 0, [`it's a "word"`]],
  ['variables and substitutions', 'A=5; echo "$A $(echo sub) `echo tick`"', 0, ['5 sub tick']],
  ['several lines', 'echo one\necho two\nexit 4', 4, ['one', 'two']],
  ['a comment at its end', 'echo one # and no more', 0, ['one']],
  ['a here-document', 'cat <<END\nof $((1 + 1)) lines\nEND', 0, ['of 2 lines']],
  ['output without a line break', 'printf unended; exit 5', 5, ['unended']],
  ['a long line without a line break', 'printf "%20000s" x | tr " " x; exit 5', 5, ['x'.repeat(8_192)]],
  ['exec', 'exec sh -c "echo replaced; exit 6"', 6, ['replaced']],
  ['a closed output', 'exec >&- 2>&-; exit 7', 7, []],
  ['an output that goes elsewhere', 'exec >/dev/null 2>&1; echo lost; exit 8', 8, []],
  ['set -e', 'set -e; false; echo not reached', 1, []],
  ['a trap of its own', 'trap "echo trapped; exit 9" EXIT; exit 1', 9, ['trapped']],
  ['changed positional parameters', 'set -- x y z; shift; echo "$1"; exit 10', 10, ['y']],
  ['a redefined printf', 'printf() { echo 0; }; false', 1, []],
  ['a background job that lives on', '(sleep 0.2; exit 1) & exit 11', 11, []],
  ['a pipe', 'echo a | cat; false | true', 0, ['a']],
  ['an escape at its end', 'false \\', 1, []],
  ['death by SIGKILL', 'kill -KILL $$', 137, []],
  ['death by SIGTERM', 'kill -TERM $$', 143, []],
  ['death by SIGINT', 'kill -INT $$', 130, []],
  [
    'a wrong marker',
    'echo "0123456789abcdef0123456789abcdef 0;"; exit 12',
    12,
    ['0123456789abcdef0123456789abcdef 0;'],
  ],
]

describe.each([
  ['bash', () => ({ shell: '/bin/bash' })],
  ['sh, which finds bash', () => ({ shell: '/bin/sh' })],
  ['sh, where there is no bash', () => ({ shell: '/bin/sh', path: folder })],
] as const)('in %s', (_name, shell) => {
  it.each(NASTY)('%s tells its code', { timeout: 20_000 }, async (_case, command, code, output) => {
    const ran = await run(markExit(command), shell())
    expect(ran.codes).toEqual([code])
    expect(ran.shown.filter((line) => !/Killed|Terminated|Interrupt/.test(line))).toEqual(output)
    // So that Heroku's own log tells the same.
    expect(ran.code).toBe(code)
  })

  it.each([
    ['an unclosed single quote', "echo 'it is"],
    ['an unclosed double quote', 'echo "it is'],
    ['an unclosed parenthesis', '(echo one'],
    ['an unclosed if', 'if true; then echo one'],
    ['one brace too many', 'echo one; }'],
    ['one done too many', 'done'],
  ])('%s is a failure, with what the shell says', { timeout: 20_000 }, async (_case, command) => {
    const ran = await run(markExit(command), shell())
    expect(ran.codes).toEqual([2])
    expect(ran.shown.join('\n')).toMatch(/syntax error|unterminated|unexpected/i)
  })

  it('a command that is not there has code 127', { timeout: 20_000 }, async () => {
    expect((await run(markExit('deploy-gate-that-is-not-there'), shell())).codes).toEqual([127])
  })

  it('a command gets the input', { timeout: 20_000 }, async () => {
    const ran = await run(markExit('read -r line; echo "got $line"'), { ...shell(), input: 'a word\n' })
    expect(ran.shown).toEqual(['got a word'])
    expect(ran.codes).toEqual([0])
  })

  it.each(['TERM', 'HUP'])(
    'a SIG%s that all processes are told leaves the answer of the command',
    {
      timeout: 20_000,
    },
    async (name) => {
      const command = `trap 'echo tidy; exit 13' ${name}; kill -${name} $PPID $$; sleep 5; exit 1`
      const ran = await run(markExit(command), shell())
      expect(ran.codes).toEqual([13])
      expect(ran.shown.filter((line) => !/Terminated|Hangup/.test(line))).toEqual(['tidy'])
    },
  )

  it('a command that kills the shell above it leaves no marker', { timeout: 20_000 }, async () => {
    const ran = await run(markExit('echo one; kill -KILL $PPID'), shell())
    expect(ran.codes).toEqual([])
    expect(ran.shown).toEqual(['one'])
  })
})

describe('the marker', { timeout: 20_000 }, () => {
  it('is not passed for by the list of processes or by a trace of the shell', async () => {
    const ran = await run(markExit('cat /proc/$PPID/cmdline | tr "\\0" "\\n"; exit 3'))
    expect(ran.shown.join('\n')).toContain('trap : HUP INT TERM')
    expect(ran.codes).toEqual([3])
    const marker = markExit('exit 4')
    expect(marker.read(`+ ${marker.commandLine}`)).toBeUndefined()
    expect(marker.read(marker.commandLine)).toBeUndefined()
  })

  it('is another one each time', async () => {
    const [mine, other] = [markExit('exit 3'), markExit('exit 3')]
    const told: string[] = []
    const spy: ExitMarker = {
      commandLine: other.commandLine,
      read(line) {
        told.push(line)
        return mine.read(line)
      },
    }
    expect((await run(spy)).codes).toEqual([])
    expect(told.map((line) => other.read(line)?.code)).toContain(3)
  })

  it('is printed again when the output, left non-blocking, takes nothing at first', async () => {
    const fill = join(folder, 'fill.py')
    writeFileSync(
      fill,
      [
        'import os, sys',
        'os.set_blocking(1, False)',
        'try:',
        "  while True: os.write(1, b'x' * 4096 + b'\\n')",
        'except BlockingIOError: pass',
        "open(sys.argv[1], 'w').close()",
        'sys.exit(3)',
      ].join('\n'),
    )
    const marker = markExit(`/usr/bin/python3 ${fill} ${join(folder, 'full')}`)
    // Reads nothing until the marker has been tried: then a second passes before the next try.
    const reader = `exec "$0" -c "$1" | (while ! [ -e ${join(folder, 'full')} ]; do sleep 0.05; done; sleep 0.5; cat)`
    const child = spawn('/bin/sh', ['-c', reader, '/bin/bash', marker.commandLine], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    expect((await read(child, marker)).codes).toEqual([3])
  })

  it('is found behind what a process left behind has put before it', () => {
    const marker = markExit('exit 3')
    const [, first = '', second = ''] = /%d;\\n' ([0-9a-f]+) ([0-9a-f]+) /.exec(marker.commandLine) ?? []
    expect(marker.read(`left behind${first}${second} 3;`)).toEqual({ before: 'left behind', code: 3 })
    expect(marker.read(`${first} ${second} 3;`)).toBeUndefined()
    expect(marker.read(`${first}${second} 3`)).toBeUndefined()
    expect(marker.read(`${first}${second} x;`)).toBeUndefined()
  })
})

describe('a command at a terminal', () => {
  it('does not have what is written to it come back', { timeout: 20_000 }, async () => {
    const marker = markExit('echo ready; read -r line; echo "got $line"; exit 3')
    const terminal = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))'
    const child = spawn('/usr/bin/python3', ['-c', terminal, '/bin/bash', '-c', marker.commandLine], {
      env: { PATH: process.env.PATH ?? '', HOME: folder },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const { shown, codes } = await read(child, marker, (line) => {
      if (line === 'ready') child.stdin.write('a word\n')
    })
    expect(shown).toEqual(['ready', 'got a word'])
    expect(codes).toEqual([3])
  })
})

describe('an app built with Cloud Native Buildpacks', () => {
  it('has its command run by the launcher, which sets up the environment', { timeout: 20_000 }, async () => {
    const launcher = join(folder, "the app's launcher")
    writeFileSync(
      launcher,
      '#!/bin/sh\n[ "$1" = -- ] || exit 99\nshift\nexport FROM_LAUNCHER=yes\nexec "$@"\n',
    )
    chmodSync(launcher, 0o755)
    const ran = await run(markExit(`echo "from the launcher: $FROM_LAUNCHER"; exit 3`, launcher))
    expect(ran.shown).toEqual(['from the launcher: yes'])
    expect(ran.codes).toEqual([3])
  })
})
