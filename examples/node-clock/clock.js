// A clock: now and then it exports a report. An export takes a while and can't be interrupted.
import { setTimeout as sleep } from 'node:timers/promises'
import { Cron } from 'croner'
import { join } from 'heroku-deploy-gate'

const EXPORT_SECONDS = Number(process.env.EXPORT_SECONDS ?? 40)
let running
let finished = 0

async function exportReport() {
  const name = new Date().toISOString().slice(11, 19)
  console.log(`export ${name} started`)
  await sleep(EXPORT_SECONDS * 1000)
  finished++
  console.log(`export ${name} finished`)
}

// `protect`: a run that is due while the last one still works is left out.
const schedule = new Cron(
  process.env.SCHEDULE ?? '0 */5 * * * *',
  { paused: true, protect: true },
  async () => {
    running = exportReport()
    await running
  },
)

await join({
  async drain({ report }) {
    schedule.pause()
    finished = 0
    if (schedule.isBusy()) {
      report({ running: 1, note: 'exporting a report' })
      await running
    }
    return { finished }
  },
  resume: () => schedule.resume(),
})

schedule.resume()
console.log('clock is scheduling')
