import { spawn } from 'node:child_process'
import { once } from 'node:events'
import xterm from '@xterm/headless'

/** Characters next to each other that look the same. */
export interface Run {
  /** columns from the left */
  readonly column: number
  readonly text: string
  /** of the terminal's sixteen; absent: the one that text has */
  readonly colour?: number
  readonly dim: boolean
  readonly bold: boolean
}

/** What the terminal showed from a moment on, line by line. */
export interface Frame {
  /** since the program started */
  readonly atMs: number
  readonly lines: readonly (readonly Run[])[]
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface Recording {
  /** Interrupts the program as Ctrl+C does, waits for its end, and returns what was to be seen meanwhile. */
  stop(): Promise<readonly Frame[]>
}

const CTRL_C = '\u0003'
/** What is written within this is one picture: a screen is drawn with several writes. */
const ONE_PICTURE_MS = 60

/** Runs a program in a terminal of its own (a pty, by util-linux's `script`) and writes down when it printed what. */
export function record(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  { columns, rows }: Size,
): Recording {
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const line = `stty cols ${columns} rows ${rows}; exec ${words}`
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    env: { PATH: process.env.PATH ?? '', TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const beganAt = performance.now()
  const pieces: { atMs: number; bytes: Buffer }[] = []
  child.stdout.on('data', (bytes: Buffer) => pieces.push({ atMs: performance.now() - beganAt, bytes }))
  const closed = once(child, 'close')
  return {
    async stop() {
      child.stdin.write(CTRL_C)
      await closed
      return await frames(pieces, { columns, rows })
    },
  }
}

async function frames(
  pieces: readonly { atMs: number; bytes: Buffer }[],
  { columns, rows }: Size,
): Promise<Frame[]> {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true })
  const seen: Frame[] = []
  let shown = ''
  for (const [at, { atMs, bytes }] of pieces.entries()) {
    await new Promise<void>((resolve) => terminal.write(bytes, resolve))
    const next = pieces[at + 1]
    if (next && next.atMs - atMs < ONE_PICTURE_MS) continue
    const lines = Array.from({ length: rows }, (_, row) => runsOf(terminal, row, columns))
    const text = JSON.stringify(lines)
    if (text !== shown) seen.push({ atMs, lines })
    shown = text
  }
  terminal.dispose()
  return seen
}

/** A line's runs. Two blanks end one, so that columns stand where they stood in whatever font. */
function runsOf(terminal: InstanceType<typeof xterm.Terminal>, row: number, columns: number): Run[] {
  const line = terminal.buffer.active.getLine(row)
  const runs: Run[] = []
  for (let column = 0; column < columns; column++) {
    const cell = line?.getCell(column)
    const text = cell?.getChars() || ' '
    const look = {
      ...(cell && !cell.isFgDefault() && { colour: cell.getFgColor() }),
      ...{ dim: Boolean(cell?.isDim()), bold: Boolean(cell?.isBold()) },
    }
    const last = runs.at(-1)
    const goesOn =
      last &&
      !last.text.endsWith('  ') &&
      last.column + [...last.text].length === column &&
      last.colour === look.colour &&
      last.dim === look.dim &&
      last.bold === look.bold
    if (goesOn) runs[runs.length - 1] = { ...last, text: last.text + text }
    else if (text !== ' ') runs.push({ column, text, ...look })
  }
  return runs.map((run) => ({ ...run, text: run.text.trimEnd() }))
}
