import type { EventLog } from './events.ts'
import type { RunningCommand } from './process.ts'

/** Tells a dyno's processes to end, and kills those that are still there after `killAfterMs`. */
export function shutDown(
  process: RunningCommand,
  dyno: { readonly name: string; readonly version: number },
  settings: { readonly app: string; readonly log: EventLog; readonly killAfterMs: number },
  signal: 'SIGTERM' | 'SIGHUP' = 'SIGTERM',
): void {
  const { app, log, killAfterMs } = settings
  const { pid } = process
  const release = `v${dyno.version}`
  const about = { app, text: `${dyno.name} ${release} pid ${pid}`, dyno: dyno.name, release, pid }
  log.record({ kind: signal === 'SIGHUP' ? 'sighup' : 'sigterm', ...about })
  process.signal(signal)
  const limit = setTimeout(() => {
    log.record({ kind: 'sigkill', ...about })
    process.signal('SIGKILL')
  }, killAfterMs)
  process.ended.then(() => clearTimeout(limit))
}
