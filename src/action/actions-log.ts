import * as core from '@actions/core'
import type { Log } from '../log.ts'
import { oneLine } from '../one-line.ts'
import { logLine } from './escape.ts'

/** The step's log: plain lines, and warnings as annotations. */
export const actionsLog: Log = {
  info: (line) => core.info(logLine(line)),
  warning: (line) => core.warning(oneLine(line)),
}

/** Lines of the longest error that is shown. */
const MOST_LINES = 60

/** Why the step failed, as an annotation; it quotes what git, Heroku, a participant or an input says. */
export function annotateError(title: string, text: string): void {
  const lines = text.split('\n', MOST_LINES)
  core.error(lines.map((line) => oneLine(line)).join('\n'), { title })
}

/** Puts what `work` logs under a heading that folds. */
export function group<R>(heading: string, work: () => Promise<R>): Promise<R> {
  return core.group(logLine(heading), work)
}

const masked = new Set<string>()

/** Makes the runner show `***` wherever `secret` would stand. It masks line by line, so each line is a mask of its own. */
export function maskSecret(secret: string): void {
  for (const line of secret.split(/\r?\n/)) {
    if (line.trim() === '' || masked.has(line)) continue
    masked.add(line)
    core.setSecret(line)
  }
}
