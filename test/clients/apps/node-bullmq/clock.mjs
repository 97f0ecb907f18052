import { Queue, Worker } from 'bullmq'
import { guardBullmq } from 'heroku-deploy-gate'

const { GATE, GATED, guardedTick, redis, say } = await import(process.env.NODE_TRIAL)

// A worker waits for its jobs on this connection: a command may go unanswered.
const connection = redis.duplicate({ maxRetriesPerRequest: null, enableOfflineQueue: true })
connection.on('error', () => {})
const names = { connection, prefix: `{deploy-gate-trial-${GATE}}` }
let guard
const worker = new Worker('trial', () => guardedTick(guard), { ...names, concurrency: 20, autorun: !GATED })
worker.on('error', () => {})
if (GATED) guard = await guardBullmq([worker])
const options = { removeOnComplete: true, removeOnFail: true }
await new Queue('trial', names).upsertJobScheduler('tick', { every: 200 }, { name: 'tick', opts: options })
say('scheduling')
