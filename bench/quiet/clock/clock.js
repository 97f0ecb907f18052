// A clock that says ten times a second that it works, and listens as it is told to: by the gate, to a list, or not at all.
import { join } from 'heroku-deploy-gate'
import { Redis } from 'ioredis'

let ticking
const start = () => {
  ticking = setInterval(() => console.log('tick'), 100)
}
const stop = () => clearInterval(ticking)
const { WITHOUT_GATE, WITH_LIST, REDIS_URL, DEPLOY_GATE_NAME: name } = process.env
if (WITH_LIST !== undefined) {
  const redis = new Redis(REDIS_URL)
  setInterval(async () => {
    const message = await redis.rpop(`${name}-request`)
    if (message === 'shutdown') {
      stop()
      await redis.lpush(`${name}-response`, 'done')
    }
    if (message === 'resume') start()
  }, 3_000)
} else if (WITHOUT_GATE === undefined) await join({ drain: stop, resume: start })
start()
