import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { logTo, Output } from '../../src/supervisor/output.ts'
import { systemTime } from '../../src/time.ts'

let folder: string
let reading: number
let writing: number

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gate-output-'))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
})
afterEach(() => {
  closeSync(writing)
  rmSync(folder, { recursive: true })
})

it('writes all of it, in order, to a descriptor that takes only a part and is full for a while', async () => {
  const output = new Output(writing, systemTime)
  const chunks = [1, 2, 3].map((byte) => Buffer.alloc(100_000, byte))
  let done = false
  const written = Promise.all(chunks.map((chunk) => output.write(chunk))).then(() => {
    done = true
  })
  const pieces: Buffer[] = []
  while (!done) {
    const piece = Buffer.alloc(10_000)
    try {
      pieces.push(piece.subarray(0, readSync(reading, piece)))
    } catch {
      // Empty for the moment.
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await written
  const rest = Buffer.alloc(400_000)
  pieces.push(rest.subarray(0, readSync(reading, rest)))
  expect(Buffer.concat(pieces).equals(Buffer.concat(chunks))).toBe(true)
  closeSync(reading)
})

it('fails when the reader has gone, and lines for the log are dropped then', async () => {
  closeSync(reading)
  const output = new Output(writing, systemTime)
  await expect(output.write(Buffer.from('lost'))).rejects.toMatchObject({ code: 'EPIPE' })
  logTo(output).warning('lost too')
  await output.idle()
})
