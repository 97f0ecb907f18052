// A clock with a listener as people write it by hand: it pops "shutdown", lets its jobs finish, and answers. It starts a job whenever a
// test pushes to `jobs:start`, and a job ends when the test pushes to `jobs:end`.
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL)
const listening = redis.duplicate()
const jobs = new Set()
let [timer, count] = [undefined, 0]

async function job(number) {
  console.log(`job ${number} started`)
  const waiting = redis.duplicate()
  await waiting.blpop('jobs:end', 0)
  waiting.disconnect()
  console.log(`job ${number} finished`)
}

function start() {
  timer = setInterval(async () => {
    console.log('tick')
    if ((await redis.lpop('jobs:start')) === null) return
    const running = job(++count)
    jobs.add(running)
    await running
    jobs.delete(running)
  }, 100)
}

start()
for (;;) {
  const [, message] = await listening.brpop('request', 0)
  if (message === 'shutdown') {
    clearInterval(timer)
    console.log('stopped')
    await Promise.all(jobs)
    await redis.lpush('response', 'done')
  }
  if (message === 'resume') {
    console.log('resumed')
    start()
  }
}
