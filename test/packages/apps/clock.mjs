import { guardJobs } from 'heroku-deploy-gate'

const guard = await guardJobs()
setInterval(
  guard.job(() => console.log('tick')),
  100,
)
