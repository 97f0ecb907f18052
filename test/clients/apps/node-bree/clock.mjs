import { join } from 'node:path'
import Bree from 'bree'
import { guardBree } from 'heroku-deploy-gate'

const { GATED, redis, say } = await import(process.env.NODE_TRIAL)
// The jobs have connections of their own.
redis.disconnect()

const bree = new Bree({
  root: false,
  logger: false,
  // Bree runs no job twice at a time, and each run is a thread: three jobs, so that ticks go on while one of them works.
  jobs: [0, 300, 600].map((timeout, n) => ({
    name: `tick-${n}`,
    path: join(import.meta.dirname, 'jobs/tick.mjs'),
    timeout,
    interval: 900,
  })),
})
if (GATED) await guardBree(bree)
await bree.start()
say('scheduling')
