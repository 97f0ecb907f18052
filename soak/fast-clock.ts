import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemTime, type Time } from '../src/time.ts'

/** Time that runs `speed` times as fast as the real one. */
export function fastTime(speed: number): Time {
  return {
    now: () => performance.now() * speed,
    sleep: (ms, signal) => systemTime.sleep(ms / speed, signal),
  }
}

/** The wall clock of one server: as fast as `fastTime`, and it can be stepped. */
export interface FastClock extends Disposable {
  /** what a server is started with to live by it */
  readonly environment: Readonly<Record<string, string>>
  /** Sets the clock forward, or back by a negative number of ms. */
  step(ms: number): void
  /** all steps so far, ms */
  readonly stepped: number
}

let library: string | undefined

/** @throws Error when there is no C compiler, or the system is not Linux */
export function startFastClock(speed: number): FastClock {
  library ??= compile()
  const folder = mkdtempSync(join(tmpdir(), 'gate-clock-'))
  const path = join(folder, 'clock')
  const file = openSync(path, 'w+')
  let stepped = 0
  const write = (at: number, ...values: number[]) => {
    const words = Buffer.alloc(8 * values.length)
    values.forEach((value, index) => {
      words.writeBigInt64LE(BigInt(value) * (at + index === 1 ? 1n : 1_000_000n), 8 * index)
    })
    writeSync(file, words, 0, words.length, 8 * at)
  }
  write(0, Date.now(), speed, 0)
  return {
    environment: { LD_PRELOAD: library, FAST_CLOCK: path },
    step(ms) {
      stepped += Math.round(ms)
      write(2, stepped)
    },
    get stepped() {
      return stepped
    },
    [Symbol.dispose]() {
      closeSync(file)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function compile(): string {
  if (process.platform !== 'linux')
    throw new Error('Random histories need a server whose clock runs fast, and that is there for Linux only.')
  const folder = mkdtempSync(join(tmpdir(), 'gate-clock-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const target = join(folder, 'fast-clock.so')
  const source = join(import.meta.dirname, 'fast-clock.c')
  try {
    execFileSync('gcc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', target, source, '-ldl'], { stdio: 'pipe' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(
      'Random histories need a C compiler, and `gcc` is not on the PATH: run script/install clients.',
    )
  }
  return target
}
