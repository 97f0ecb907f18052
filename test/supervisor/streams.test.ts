import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { LIMIT } from '../participant/support/lines.ts'
import { CLI, useGate } from './support/gate.ts'

vi.setConfig({ testTimeout: 60_000 })

const gate = useGate()

const MEGABYTE = 1 << 20
const MODES = [
  ['no option', []],
  ['--progress fd', ['--progress', 'fd']],
  ['--progress stdout', ['--progress', 'stdout']],
] as const

/** The supervisor with its streams as they are. */
function open(program: readonly string[], options: readonly string[] = []) {
  const child = spawn(process.execPath, [CLI, 'run', ...options, '--', ...program], { env: gate.env() })
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  return { ...child, child, ended }
}

/** The same with a pipe into `reader`, for a test's own end is a socket: what comes through it, and how the supervisor ends. */
async function piped(reader: string, program: readonly string[], options: readonly string[]) {
  const line = `("$@"; echo "code $?" >&2) | ${reader}`
  const args = ['-c', line, 'sh', process.execPath, CLI, 'run', ...options, '--', ...program]
  const child = spawn('sh', args, { env: gate.env() })
  const [out, err] = await Promise.all([read(child.stdout), read(child.stderr)])
  return { out: String(out), code: Number(/^code (\d+)$/m.exec(String(err))?.[1]) }
}

const hashOf = (...pieces: Buffer[]) => {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return hash.digest('hex')
}

async function read(stream: ChildProcess['stdout'], pauseMs = 0): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of stream ?? []) {
    pieces.push(piece)
    if (pauseMs > 0) await sleep(pauseMs)
  }
  return Buffer.concat(pieces)
}

describe.each(MODES)('with %s', (_, options) => {
  it('what is read and written is what the program reads and writes, to the byte, however slow the reader', async () => {
    const { child, ended } = open(['cat'], options)
    const data = randomBytes(16 * MEGABYTE)
    child.stdin.end(data)
    const out = await read(child.stdout, 2)
    expect([out.length, hashOf(out)]).toEqual([data.length, hashOf(data)])
    expect(await ended).toEqual([0, null])
  })

  it('the program waits for a reader who does not read, and no memory fills up', async () => {
    const size = 64 * 1024
    const writer = `const { writeSync } = require('node:fs')
      for (let n = 1; n <= 256; n++) {
        for (let at = 0; at < ${size}; ) at += writeSync(1, Buffer.alloc(${size} - at, n))
        writeSync(2, n + '\\n')
      }`
    const { child, ended } = open([process.execPath, '-e', writer], options)
    let written = 0
    child.stderr.on('data', (piece) => {
      written = Number(/(\d+)\n$/.exec(String(piece))?.[1] ?? written)
    })
    await expect.poll(() => written, LIMIT).toBeGreaterThan(0)
    for (let before = -1; before !== written; await sleep(1_000)) before = written
    expect(written * size).toBeLessThan(2 * MEGABYTE)
    const out = await read(child.stdout)
    const all = Array.from({ length: 256 }, (_, index) => Buffer.alloc(size, index + 1))
    expect([out.length, hashOf(out)]).toEqual([256 * size, hashOf(...all)])
    expect(await ended).toEqual([0, null])
  })

  it('a last line keeps its lack of an end, and standard error is apart', async () => {
    const { child, ended } = open(['sh', '-c', 'echo one; printf two; printf three >&2'], options)
    const [out, err] = await Promise.all([read(child.stdout), read(child.stderr)])
    expect(String(out)).toBe('one\ntwo')
    expect(String(err)).toMatch(/^three\[deploy-gate\] sh ended with code 0\n$/)
    await ended
  })

  it('standard output can be opened by its name', async () => {
    const { out, code } = await piped('cat', ['sh', '-c', 'echo through >/dev/stdout'], options)
    expect([out, code]).toEqual(['through\n', 0])
  })

  it('a reader who goes away ends the program by SIGPIPE, as without a supervisor', async () => {
    expect(await piped('head -n 2', ['yes'], options)).toEqual({ out: 'y\ny\n', code: 141 })
  })

  it("the program's own descriptors stay blocking when the supervisor writes its lines", async () => {
    const program = `
import os, signal, sys
def term(*_):
    os.write(1, repr([os.get_blocking(n) for n in (0, 1, 2)]).encode())
    sys.exit(0)
signal.signal(signal.SIGTERM, term)
os.write(1, b"up ")
while True: signal.pause()
`
    const { child } = open(['/usr/bin/python3', '-c', program], options)
    const out: string[] = []
    child.stdout.on('data', (piece) => out.push(String(piece)))
    await expect.poll(() => out.join(''), LIMIT).toBe('up ')
    await gate.deployer.acquire()
    await expect.poll(() => out.join(''), LIMIT).toBe('up [True, True, True]')
  })
})
