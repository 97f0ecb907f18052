import { parentPort } from 'node:worker_threads'

const { connecting, redis, tick } = await import(process.env.NODE_TRIAL)

const stopping = new AbortController()
parentPort.on('message', (message) => {
  if (message === 'cancel') stopping.abort()
})
await connecting
if ((await tick(stopping.signal)) === 'stored') parentPort.postMessage('cancelled')
redis.disconnect()
parentPort.close()
