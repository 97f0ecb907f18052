// The shop's clock: now and then it exports what is in stock.
import { Cron } from 'croner'
import { guardJobs } from 'heroku-deploy-gate' // gate
import { exportStock } from './jobs/export-stock.js'

// Resolves when the clock may schedule: one that boots in the middle of a deploy waits here for its end.
const guard = await guardJobs() // gate

// `protect`: an export that is due while the last one still works is left out.
new Cron(process.env.SCHEDULE ?? '0 */5 * * * *', { protect: true }, guard.job(exportStock)) // gate
console.log('clock is scheduling')
