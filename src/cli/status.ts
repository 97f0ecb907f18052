import { formatDuration } from '../duration.ts'
import type { Log } from '../log.ts'
import { oneLine } from '../one-line.ts'
import { look, type View } from '../protocol/look.ts'
import { atGate } from './at-gate.ts'
import { type Command, EXIT } from './command.ts'
import { GATE_HELP, GATE_OPTIONS, readGatePlace } from './gate-options.ts'
import { interruptible } from './interrupts.ts'
import { readOptions } from './options.ts'
import { jsonLine, warningsOnly } from './print.ts'
import { Screen } from './screen.ts'
import { newsOf, statusOf } from './status-json.ts'
import { type Paper, renderStatus } from './status-table.ts'
import { type Sight, Troubles, watchStatus } from './status-watch.ts'

const HELP = `Usage: deploy-gate status [options]

Shows the drain in force at the gate, and who takes part. RUN, FIN and STO are
the jobs running, finished and stored since the drain began; SEEN is the time
since the last beat, HELD for how long somebody stays quiet still.

  --watch                     go on showing it, until it is interrupted
  --json                      as one JSON object on one line; with --watch, a
                              line for each change
${GATE_HELP}`

const OPTIONS = { ...GATE_OPTIONS, watch: { type: 'boolean' } } as const

export const command: Command = {
  help: HELP,
  async run(args) {
    const { values } = readOptions(args, OPTIONS)
    const place = readGatePlace(values, process.env)
    const { json = false, watch = false } = values
    const { stdout } = process
    const once = (view: View) =>
      json
        ? jsonLine(statusOf(view, place.gateName))
        : `${renderStatus(view, place.gateName, paper()).join('\n')}\n`
    const troubles = new Troubles()
    let watching = false
    const log: Log = {
      info: () => {},
      warning: (line) => (watching ? troubles.tell(line) : warningsOnly.warning(line)),
    }
    return await interruptible(warningsOnly, ({ signal }) =>
      atGate(place, { log, signal }, async (gate, reading) => {
        const view = await reading(() => look(gate.host, gate.keys))
        if (!watch) {
          stdout.write(once(view))
          return EXIT.done
        }
        watching = true
        // Whoever reads has enough.
        stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
        using screen = stdout.isTTY && !json ? new Screen(stdout) : undefined
        const show = screen
          ? (sight: Sight) => screen.draw(frame(sight, place.gateName))
          : changes(place.gateName, once, json)
        return await watchStatus(gate, view, troubles, show)
      }),
    )
  },
}

function frame({ view, ageMs, trouble }: Sight, gateName: string): string[] {
  const page = paper()
  const lines = renderStatus(view, gateName, page)
  if (!trouble) return lines
  return [...lines, '', oneLine(`As it was ${formatDuration(ageMs)} ago. ${trouble}`, page.columns)]
}

/** Writes what is new, for a reader that is no terminal. */
function changes(gateName: string, once: (view: View) => string, json: boolean): (sight: Sight) => void {
  let [told, away] = ['', false]
  return ({ view, trouble }) => {
    if (trouble && !away) {
      if (json) process.stdout.write(jsonLine({ gate: gateName, unreachable: trouble }))
      else warningsOnly.warning(trouble)
    }
    const news = newsOf(statusOf(view, gateName))
    // After an outage what is there is told again, whether it is new or not.
    if (!trouble && (news !== told || away)) {
      process.stdout.write(told && !json ? `\n${once(view)}` : once(view))
      told = news
    }
    away = trouble !== ''
  }
}

function paper(): Paper {
  const { stdout, env } = process
  const { isTTY } = stdout
  return {
    columns: isTTY ? stdout.columns || 80 : Number(env.COLUMNS) || Number.POSITIVE_INFINITY,
    colour: isTTY && !env.NO_COLOR && env.TERM !== 'dumb',
  }
}
