import { guardJobs } from 'heroku-deploy-gate'
import { schedule } from 'node-cron'

const { GATED, guardedTick, say } = await import(process.env.NODE_TRIAL)

const guard = GATED ? await guardJobs() : undefined
const run = () => guardedTick(guard)
// A second is its shortest period: five tasks make five ticks.
for (let n = 0; n < 5; n++) schedule('* * * * * *', guard ? guard.job(run) : run)
say('scheduling')
