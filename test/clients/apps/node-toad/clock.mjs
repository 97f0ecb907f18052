import { guardJobs } from 'heroku-deploy-gate'
import { AsyncTask, SimpleIntervalJob, ToadScheduler } from 'toad-scheduler'

const { GATED, guardedTick, say } = await import(process.env.NODE_TRIAL)

const guard = GATED ? await guardJobs() : undefined
const run = () => guardedTick(guard)
const task = new AsyncTask('tick', guard ? guard.job(run) : run)
const job = new SimpleIntervalJob({ milliseconds: 200 }, task, { preventOverrun: false })
new ToadScheduler().addSimpleIntervalJob(job)
say('scheduling')
