import * as core from '@actions/core'
import type { Log } from '../log.ts'
import { oneLine } from '../one-line.ts'
import { logLine } from './escape.ts'
import { hideSecrets } from './secrets.ts'

/** The step's log: plain lines, and warnings as annotations. */
export const actionsLog: Log = {
  info: (line) => core.info(logLine(hideSecrets(line))),
  warning: (line) => core.warning(oneLine(hideSecrets(line))),
}

/** Lines of the longest error that is shown. */
const MOST_LINES = 60

/** Why the step failed, as an annotation; it quotes what git, Heroku, a participant or an input says. */
export function annotateError(title: string, text: string): void {
  const lines = hideSecrets(text).split('\n', MOST_LINES)
  core.error(lines.map((line) => oneLine(line)).join('\n'), { title })
}

/** Puts what `work` logs under a heading that folds. */
export function group<R>(heading: string, work: () => Promise<R>): Promise<R> {
  return core.group(logLine(heading), work)
}
