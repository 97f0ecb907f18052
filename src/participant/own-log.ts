import type { Log } from '../log.ts'
import { oneLine } from '../one-line.ts'

/** Where a participant's lines go by default. */
export const consoleLog: Log = {
  info: (line) => console.log(`[deploy-gate] ${oneLine(line)}`),
  warning: (line) => console.warn(`[deploy-gate] ${oneLine(line)}`),
}

/** The app's own `log`; a line that it fails to take goes to the console, with why, and nothing else comes of that. */
export function unfailing(log: Log): Log {
  const write = (level: keyof Log, line: string) => {
    const instead = (error: unknown) =>
      consoleLog[level](`${line} (the app's log did not take this: ${String(error)})`)
    try {
      // An async function passes for one that returns nothing.
      const taking: unknown = log[level](line)
      if (taking instanceof Promise) taking.catch(instead)
    } catch (error) {
      instead(error)
    }
  }
  return { info: (line) => write('info', line), warning: (line) => write('warning', line) }
}
