// A clock whose jobs a test ends. It starts one whenever a test pushes to `jobs:start`, and a job ends when the test pushes to
// `jobs:end`. Schedules with croner as an app would: a paused schedule looks for nothing.
import { Cron } from 'croner'
import { join } from 'heroku-deploy-gate'
import { Redis } from 'ioredis'

const mode = process.env.CLOCK_MODE ?? 'plain'
const redis = new Redis(process.env.REDIS_URL, {
  tls: process.env.REDIS_URL.startsWith('rediss:') ? { rejectUnauthorized: false } : undefined,
})
const jobs = new Set()
let [started, finished, stored] = [0, 0, 0]

async function job(number) {
  const stop = new AbortController()
  const waiting = redis.duplicate()
  const ended = (async () => {
    console.log(`job ${number} started`)
    try {
      while ((await waiting.blpop('jobs:end', 1)) === null && !stop.signal.aborted) {}
    } finally {
      waiting.disconnect()
    }
    if (stop.signal.aborted) {
      stored++
      console.log(`job ${number} stored`)
    } else {
      finished++
      console.log(`job ${number} finished`)
    }
  })()
  const entry = { ended, stop }
  jobs.add(entry)
  await ended
  jobs.delete(entry)
}

const schedule = new Cron('* * * * * *', { paused: true }, async () => {
  console.log('tick')
  if ((await redis.lpop('jobs:start')) !== null) await job(++started)
})

if (mode === 'no-gate') {
  schedule.resume()
  console.log('scheduling')
} else {
  await join({
    async drain({ signal, report }) {
      if (mode === 'refuse') throw new Error('the warehouse is being counted')
      schedule.pause()
      ;[finished, stored] = [0, 0]
      console.log('draining')
      signal.addEventListener('abort', () => {
        if (mode === 'stubborn') return
        for (const { stop } of jobs) stop.abort()
      })
      const tell = () =>
        report({ running: jobs.size, finished, stored, ...(jobs.size > 0 && { note: 'counting boxes' }) })
      tell()
      await Promise.all([...jobs].map(({ ended }) => ended.then(tell)))
      return { finished, stored }
    },
    resume() {
      schedule.resume()
      console.log('scheduling')
    },
  })
  schedule.resume()
  console.log('scheduling')
}
