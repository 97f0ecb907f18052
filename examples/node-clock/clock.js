// A clock: now and then it exports a report. An export takes a while and can't be interrupted.
import { setTimeout as sleep } from 'node:timers/promises'
import { Cron } from 'croner'
import { guardJobs } from 'heroku-deploy-gate'

const EXPORT_SECONDS = Number(process.env.EXPORT_SECONDS ?? 40)

async function exportReport() {
  const name = new Date().toISOString().slice(11, 19)
  console.log(`export ${name} started`)
  await sleep(EXPORT_SECONDS * 1000)
  console.log(`export ${name} finished`)
}

const guard = await guardJobs()

// `protect`: a run that is due while the last one still works is left out.
new Cron(process.env.SCHEDULE ?? '0 */5 * * * *', { protect: true }, guard.job(exportReport))
console.log('clock is scheduling')
